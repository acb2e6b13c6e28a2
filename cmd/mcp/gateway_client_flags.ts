/** The flags of all commands of `skiff mcp tools`. */
import type { Flag } from "../../core/cli/command.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";

export const gatewayClientFlags: Flag[] = [
  {
    name: "gateway-arg",
    summary: "Further arguments of the gateway, with commas between",
    value: "ARGS",
    repeatable: true,
  },
  { name: "verbose", summary: "Show the gateway's log" },
  {
    name: "version",
    summary: "Version of the gateway's interface",
    value: "N",
    choices: ["1", "2"],
    hidden: true,
  },
];

export const toolsFormatFlag: Flag = formatFlag("list", "json");

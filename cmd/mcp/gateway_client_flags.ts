/** The flags of all commands of `skiff mcp tools`. */
import type { Flag } from "../../core/cli/command.ts";

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

export const toolsFormatFlag: Flag = {
  name: "format",
  summary: "How to print",
  value: "FORMAT",
  choices: ["list", "json"],
  default: "list",
};

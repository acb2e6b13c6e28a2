/** `skiff mcp tools enable` and `disable`. */
import type { Command, Flag } from "../../core/cli/command.ts";
import { switchTools } from "../../gateway/mcp/configuration/switch_tools.ts";
import { gatewayClientFlags, toolsFormatFlag } from "./gateway_client_flags.ts";
import { placeOf } from "./place.ts";

const serverFlag: Flag = { name: "server", value: "NAME", summary: "Whose tools they are" };

function switching(name: string, summary: string, on: boolean, done: string): Command {
  return {
    name,
    summary,
    args: [{ name: "TOOL", required: true, variadic: true, summary: "TOOL or SERVER:TOOL" }],
    flags: [serverFlag, toolsFormatFlag, ...gatewayClientFlags], // Docker takes its flags of `tools` here, too
    async run({ context, args, flags }) {
      const server = flags.server as string | undefined;
      const switched = await switchTools(args.TOOL as string[], { on, server }, placeOf(context));
      for (const { tool, server } of switched) await context.out(`${done} ${tool} of ${server}\n`);
    },
  };
}

export const toolsEnableCommand = switching("enable", "Switch tools on", true, "Enabled");
export const toolsDisableCommand = switching("disable", "Switch tools off", false, "Disabled");

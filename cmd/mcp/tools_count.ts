/** `skiff mcp tools count`. */
import type { Command } from "../../core/cli/command.ts";
import { allTools, withGateway } from "./gateway_client.ts";
import { gatewayClientFlags, toolsFormatFlag } from "./gateway_client_flags.ts";

export const toolsCountCommand: Command = {
  name: "count",
  summary: "Count the tools that clients of the gateway see",
  flags: [toolsFormatFlag, ...gatewayClientFlags],
  async run(invocation) {
    const tools = await withGateway(invocation, allTools);
    const count = tools.filter(({ policy }) => policy.allowed).length;
    const isJson = invocation.flags.format === "json";
    await invocation.context.out(isJson ? `${JSON.stringify({ count })}\n` : `${count} tools\n`);
  },
};

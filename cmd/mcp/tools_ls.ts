/** `skiff mcp tools ls`. */
import type { Command } from "../../core/cli/command.ts";
import { allTools, gatewayClientFlags, toolsFormatFlag, withGateway } from "./gateway_client.ts";
import { shortened } from "./place.ts";

export const toolsLsCommand: Command = {
  name: "ls",
  aliases: ["list"],
  summary: "List the tools that clients of the gateway see",
  flags: [toolsFormatFlag, ...gatewayClientFlags],
  async run(invocation) {
    const tools = await withGateway(invocation, allTools);
    if (invocation.flags.format === "json") {
      await invocation.context.out(`${JSON.stringify(tools, null, 2)}\n`);
      return;
    }
    await invocation.context.out(`${tools.length} tools:\n`);
    for (const { name, description } of tools) {
      await invocation.context.out(` - ${name}${description ? ` - ${shortened(description)}` : ""}\n`);
    }
  },
};

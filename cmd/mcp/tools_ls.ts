/** `skiff mcp tools ls`. */
import type { Command } from "../../core/cli/command.ts";
import { printableLine } from "../../core/terminal/printable.ts";
import { allTools, withGateway } from "./gateway_client.ts";
import { gatewayClientFlags, toolsFormatFlag } from "./gateway_client_flags.ts";
import { shortened } from "./place.ts";

export const toolsLsCommand: Command = {
  name: "ls",
  aliases: ["list"],
  summary: "List the tools that clients of the gateway see",
  flags: [toolsFormatFlag, ...gatewayClientFlags],
  async run(invocation) {
    const listed = await withGateway(invocation, allTools);
    const { context, flags } = invocation;
    if (flags.format === "json") return await context.out(`${JSON.stringify(listed, null, 2)}\n`);
    const tools = listed.filter(({ policy }) => policy.allowed);
    await context.out(`${tools.length} tools:\n`);
    for (const { name, description } of tools) {
      const line = ` - ${name}${description ? ` - ${shortened(description)}` : ""}`;
      await context.out(`${printableLine(line)}\n`);
    }
    for (const { name, policy } of listed) {
      if (!policy.allowed) await context.out(`${printableLine(` - ${name} (refused: ${policy.reason})`)}\n`);
    }
  },
};

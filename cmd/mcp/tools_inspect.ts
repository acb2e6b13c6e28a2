/** `skiff mcp tools inspect`. */
import type { Command } from "../../core/cli/command.ts";
import { printable } from "../../core/terminal/printable.ts";
import { oneTool, withGateway } from "./gateway_client.ts";
import { gatewayClientFlags, toolsFormatFlag } from "./gateway_client_flags.ts";

interface Property {
  type?: string | string[];
  description?: string;
}

export const toolsInspectCommand: Command = {
  name: "inspect",
  summary: "Show all about a tool",
  args: [{ name: "NAME", required: true, summary: "As `skiff mcp tools ls` shows it" }],
  flags: [toolsFormatFlag, ...gatewayClientFlags],
  async run(invocation) {
    const tool = await withGateway(invocation, (client) => oneTool(client, invocation.args.NAME as string));
    const { context, flags } = invocation;
    if (flags.format === "json") return await context.out(`${JSON.stringify(tool, null, 2)}\n`);
    const { properties = {}, required = [] } = tool.inputSchema;
    const lines = [`Name: ${tool.name}`, `Description: ${tool.description ?? ""}`];
    for (const [name, { type, description }] of Object.entries(properties) as [string, Property][]) {
      const need = required.includes(name) ? ", required" : "";
      lines.push(` - ${name} (${type ?? "any"}${need})${description ? `: ${description}` : ""}`);
    }
    await context.out(`${printable(lines.join("\n"))}\n`);
  },
};

/** `skiff mcp tools call`. */
import type { Command } from "../../core/cli/command.ts";
import { printable } from "../../core/terminal/printable.ts";
import type { CallToolResult } from "../../gateway/mcp/sdk.ts";
import { noTimeout } from "../../gateway/mcp/servers/connect_client.ts";
import { oneTool, withGateway } from "./gateway_client.ts";
import { toolArguments } from "./tool_arguments.ts";
import { gatewayClientFlags, toolsFormatFlag } from "./gateway_client_flags.ts";

export const toolsCallCommand: Command = {
  name: "call",
  summary: "Call a tool",
  description:
    "Calls a tool and prints its text. Values are texts; where the tool wants a number, true or false, a list or a\n" +
    "mapping (as JSON), they are that. Exit code 1 when the tool reports an error.",
  args: [
    { name: "NAME", required: true, summary: "As `skiff mcp tools ls` shows it" },
    { name: "ARGUMENTS", variadic: true, summary: "KEY=VALUE; a repeated key is a list, a bare one null" },
  ],
  flags: [toolsFormatFlag, ...gatewayClientFlags],
  examples: ["skiff mcp tools call search query=whales"],
  async run(invocation) {
    const { args, context, flags } = invocation;
    const name = args.NAME as string;
    const words = (args.ARGUMENTS as string[] | undefined) ?? [];
    return await withGateway(invocation, async (client) => {
      const { inputSchema } = await oneTool(client, name);
      const start = performance.now();
      const call = { name, arguments: toolArguments(words, inputSchema) };
      const options = { signal: context.signal, timeout: noTimeout };
      const result = await client.callTool(call, undefined, options) as CallToolResult;
      const took = `${(performance.now() - start).toFixed(0)}ms`;
      if (flags.format === "json") await context.out(`${JSON.stringify(result, null, 2)}\n`);
      else {
        const text = textOf(result);
        await context.out(`Tool call took: ${took}\n${context.stdoutIsTerminal ? printable(text) : text}\n`);
      }
      return result.isError ? 1 : 0;
    });
  },
};

function textOf({ content }: CallToolResult): string {
  return content.map((item) => item.type === "text" ? item.text : `(${item.type})`).join("\n");
}

/** `skiff mcp tools call`. */
import type { Command } from "../../core/cli/command.ts";
import type { CallToolResult } from "../../gateway/mcp/sdk.ts";
import { noTimeout } from "../../gateway/mcp/servers/connect_client.ts";
import { oneTool, withGateway } from "./gateway_client.ts";
import { gatewayClientFlags, toolsFormatFlag } from "./gateway_client_flags.ts";

export const toolsCallCommand: Command = {
  name: "call",
  summary: "Call a tool",
  description: "Calls a tool and prints its text. Exit code 1 when the tool reports an error.",
  args: [
    { name: "NAME", required: true, summary: "As `skiff mcp tools ls` shows it" },
    { name: "ARGUMENTS", variadic: true, summary: "KEY=VALUE; a repeated key is a list, a bare one null" },
  ],
  flags: [toolsFormatFlag, ...gatewayClientFlags],
  examples: ["skiff mcp tools call search query=whales"],
  async run(invocation) {
    const { args, context, flags } = invocation;
    const name = args.NAME as string;
    const parameters = toolArguments((args.ARGUMENTS as string[] | undefined) ?? []);
    return await withGateway(invocation, async (client) => {
      await oneTool(client, name);
      const start = performance.now();
      const call = { name, arguments: parameters };
      const options = { signal: context.signal, timeout: noTimeout };
      const result = await client.callTool(call, undefined, options) as CallToolResult;
      const took = `${(performance.now() - start).toFixed(0)}ms`;
      if (flags.format === "json") await context.out(`${JSON.stringify(result, null, 2)}\n`);
      else await context.out(`Tool call took: ${took}\n${textOf(result)}\n`);
      return result.isError ? 1 : 0;
    });
  },
};

/** Values are texts. */
export function toolArguments(words: string[]): Record<string, unknown> {
  const values = new Map<string, unknown>(); // any word may be a key, "constructor" too
  for (const word of words) {
    const at = word.indexOf("=");
    const [key, value] = at < 0 ? [word, null] : [word.slice(0, at), word.slice(at + 1)];
    const before = values.get(key);
    values.set(key, !values.has(key) ? value : Array.isArray(before) ? [...before, value] : [before, value]);
  }
  return Object.fromEntries(values);
}

function textOf({ content }: CallToolResult): string {
  return content.map((item) => item.type === "text" ? item.text : `(${item.type})`).join("\n");
}

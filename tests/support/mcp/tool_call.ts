/** Calls for middlewares that are tested alone. */
import type { EnabledServer } from "../../../gateway/mcp/configuration/enabled_server.ts";
import type { ToolCall } from "../../../gateway/mcp/gateway/middleware.ts";
import type { CallToolResult } from "../../../gateway/mcp/sdk.ts";

/** A call of `notes`' tool `add`. */
export function toolCall(
  args: Record<string, unknown> = {},
  signal: AbortSignal = new AbortController().signal,
): ToolCall {
  const server: EnabledServer = {
    entry: { name: "notes", image: "mcp/notes" },
    config: {},
    secrets: new Map(),
  };
  const session = { id: "s", client: { name: "test", version: "1" } };
  return {
    server,
    tool: "add",
    name: "add",
    definition: { name: "add", description: "Adds a note", inputSchema: { type: "object" } },
    arguments: args,
    session: session as unknown as ToolCall["session"],
    signal,
  };
}

export const textResult = (text: string): CallToolResult => ({ content: [{ type: "text", text }] });

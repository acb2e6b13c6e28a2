/** Calls for middlewares that are tested alone. */
import type { EnabledServer } from "../../../gateway/mcp/configuration/enabled_server.ts";
import type { ToolCall } from "../../../gateway/mcp/gateway/middleware.ts";
import type { CallToolResult } from "../../../gateway/mcp/sdk.ts";

/** A call of `notes`' tool `add`; the session knows that one tool, described by `description`. */
export function toolCall(args: Record<string, unknown> = {}, description = "Adds a note"): ToolCall {
  const server: EnabledServer = {
    entry: { name: "notes", image: "mcp/notes" },
    config: {},
    secrets: new Map(),
  };
  const definition = { name: "add", description, inputSchema: { type: "object" as const } };
  const session = {
    id: "s",
    client: { name: "test", version: "1" },
    tools: () => [{ definition, server, tool: "add", listed: true }],
  };
  return {
    server,
    tool: "add",
    name: "add",
    arguments: args,
    session: session as unknown as ToolCall["session"],
    signal: new AbortController().signal,
  };
}

export const textResult = (text: string): CallToolResult => ({ content: [{ type: "text", text }] });

/** Arguments and results of the gateway's own tools. */
import { type CallToolResult, ErrorCode, McpError } from "../sdk.ts";

export function textAnswer(text: string): CallToolResult {
  return { content: [{ type: "text", text }] };
}

/** What went wrong, for the model to read. */
export function errorAnswer(text: string): CallToolResult {
  return { content: [{ type: "text", text: `Error: ${text}` }], isError: true };
}

/** Throws the JSON-RPC error of a call without a needed argument. */
export function requiredText(args: Record<string, unknown>, name: string): string {
  const value = args[name];
  if (typeof value === "string" && value.trim() !== "") return value.trim();
  throw new McpError(ErrorCode.InvalidParams, `${name} parameter is required`);
}

/** An object, also as its JSON; undefined when it is neither. */
export function objectOf(value: unknown): Record<string, unknown> | undefined {
  if (typeof value === "string") {
    try {
      value = JSON.parse(value);
    } catch {
      return undefined;
    }
  }
  return value && typeof value === "object" && !Array.isArray(value)
    ? value as Record<string, unknown>
    : undefined;
}

/** JSON between fences, as models read it best. */
export function fencedJson(value: unknown): string {
  return `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``;
}

/** `--block-secrets`: no tool call carries a secret out, and no result brings one in. */
import { type CallToolResult, ErrorCode, McpError } from "../sdk.ts";
import type { CallMiddleware } from "../gateway/middleware.ts";
import { findSecrets, secretIn } from "./find_secrets.ts";

/** Throws `McpError` for a call or a result with a secret; `log` hears which rule, never the secret. */
export function blockSecrets(log: (line: string) => void): CallMiddleware {
  return async (call, next) => {
    const passed = secretIn(call.arguments);
    if (passed !== undefined) {
      log(`! Blocked a call of ${call.name}: a secret (${passed}) is in its arguments`);
      throw new McpError(
        ErrorCode.InvalidParams,
        `a secret is being passed to tool ${call.name} (${passed})`,
      );
    }
    const result = await next(call);
    const returned = secretInResult(result);
    if (returned !== undefined) {
      log(`! Blocked the result of ${call.name}: a secret (${returned}) is in it`);
      throw new McpError(
        ErrorCode.InternalError,
        `a secret is being returned by the ${call.name} tool (${returned})`,
      );
    }
    return result;
  };
}

/** Throws `McpError` when a resource's contents hold a secret. For `resources/read`. */
export function assertResourceWithoutSecret(uri: string, result: unknown): void {
  const found = secretIn((result as { contents?: unknown })?.contents);
  if (found !== undefined) {
    throw new McpError(
      ErrorCode.InternalError,
      `a secret is being returned by the resource ${uri} (${found})`,
    );
  }
}

/** The rule of the first secret in texts (also across several), embedded resources and structured content. */
export function secretInResult(
  { content = [], structuredContent, _meta }: CallToolResult,
): string | undefined {
  const texts = content.map((part) => part.type === "text" ? part.text : "").join("");
  // Images and sound are bytes in base64: whatever looks like a secret there is chance.
  const others = content.filter(({ type }) => type !== "text" && type !== "image" && type !== "audio")
    .map((part) =>
      part.type === "resource" && "blob" in part.resource ? decoded(String(part.resource.blob)) : part
    );
  return findSecrets(texts)[0]?.rule ?? secretIn(content.filter(({ type }) => type === "text")) ??
    secretIn(others) ?? secretIn(structuredContent) ?? secretIn(_meta);
}

/** The text that is in base64, if it is text. */
function decoded(base64: string): string {
  try {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return "";
  }
}

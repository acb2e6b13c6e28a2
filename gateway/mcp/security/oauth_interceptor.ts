/**
 * The feature `oauth-interceptor`: where GitHub refuses a server's token, the client is told how its user
 * authorizes the server anew, in place of an error that the model could only repeat.
 */
import { programName } from "../../../core/process/called_as.ts";
import type { CallMiddleware } from "../gateway/middleware.ts";
import type { CallToolResult } from "../sdk.ts";

/** GitHub's API in the words of its clients. */
const github = /api\.github\.com|github/i;
const unauthorized = /\b401\b|bad credentials/i;

/** `isOn` is asked at each refused call. */
export function oauthInterceptor(isOn: () => boolean): CallMiddleware {
  return async (call, next) => {
    const result = await next(call);
    if (!call.server || !result?.isError || !isOn() || !isRefusedToken(result)) return result;
    const { name } = call.server.entry;
    const text =
      `GitHub does not accept the token of the server ${name}. Its user authorizes it anew with:\n` +
      `  ${programName()} mcp oauth authorize ${name}`;
    return { content: [{ type: "text", text }], isError: true };
  };
}

function isRefusedToken({ content }: CallToolResult): boolean {
  const texts = (Array.isArray(content) ? content : []).map((part) => part.type === "text" ? part.text : "");
  const text = texts.join("\n");
  return unauthorized.test(text) && github.test(text);
}

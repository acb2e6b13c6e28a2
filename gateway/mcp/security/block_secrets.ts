/** `--block-secrets`: nothing that goes out to a server carries a secret, and nothing that comes back brings one in. */
import type { EnabledServer } from "../configuration/enabled_server.ts";
import type { Guard } from "../gateway/guard.ts";
import type { CallMiddleware } from "../gateway/middleware.ts";
import { type CallToolResult, ErrorCode, McpError } from "../sdk.ts";
import { longestContext } from "./find_secrets.ts";
import type { KnownValue, Redaction } from "./known_secrets.ts";
import { secretIn } from "./secrets_in.ts";

type Log = (line: string) => void;

/** For tool calls. Throws `McpError` for a call or a result with a secret; `log` hears which rule, never the secret. */
export function blockSecrets(log: Log, redaction: Redaction): CallMiddleware {
  return async (call, next) => {
    const passed = await secretIn(call.arguments, redaction.knownToOthers(call.server));
    if (passed !== undefined) {
      log(`! Blocked a call of ${call.name}: a secret (${passed}) is in its arguments`);
      throw new McpError(
        ErrorCode.InvalidParams,
        `a secret is being passed to tool ${call.name} (${passed})`,
      );
    }
    const result = await next(call);
    const returned = await secretInResult(result, redaction.known);
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

/** By what items of the lists are asked for: one with a secret in it could not be asked for without it. */
const identities = [
  ["tools", "name"],
  ["prompts", "name"],
  ["resources", "uri"],
  ["templates", "uriTemplate"],
] as const;

/** What answers beside tool results are called. */
const answerNames: Record<string, (params: Record<string, unknown>) => string> = {
  "resources/read": ({ uri }) => `the resource ${uri}`,
  "prompts/get": ({ name }) => `the prompt ${name}`,
  "tasks/result": ({ taskId }) => `the task ${taskId}`,
};

/** For everything beside tool calls: resources, prompts, completion, tasks, and what servers send by themselves. */
export function secretGuard(log: Log, redaction: Redaction): Guard {
  return {
    async request(server, { method, params = {} }) {
      const given = [params.arguments, params.argument, params.uri];
      const passed = await secretIn(given, redaction.knownToOthers(server));
      if (passed === undefined) return;
      log(`! Blocked ${method} for ${server.entry.name}: a secret (${passed}) is in it`);
      throw new McpError(ErrorCode.InvalidParams, `a secret is being passed by ${method} (${passed})`);
    },
    async answer(server, { method, params = {} }, answer) {
      const returned = method === "tasks/result"
        ? await secretInResult(answer as CallToolResult, redaction.known)
        : await secretIn(answer, redaction.known);
      if (returned === undefined) return;
      log(`! Blocked the answer of ${server.entry.name} to ${method}: a secret (${returned}) is in it`);
      const what = answerNames[method]?.(params) ?? method;
      throw new McpError(ErrorCode.InternalError, `a secret is being returned by ${what} (${returned})`);
    },
    inventory(server, inventory) {
      const clean = redaction.cleanAnswer(inventory);
      for (const [list, identity] of identities) {
        const said: any[] = inventory[list];
        const isKept = (_: unknown, i: number) => said[i][identity] === (clean[list] as any[])[i][identity];
        const kept = (clean[list] as any[]).filter(isKept);
        if (kept.length < said.length) {
          log(
            `! Left out ${
              said.length - kept.length
            } ${list} of ${server.entry.name}: a secret is in the ${identity}`,
          );
        }
        clean[list] = kept;
      }
      return clean;
    },
    error: (_server, error) => withoutSecrets(error, redaction),
    notification: (_server, notification) => redaction.cleanValue(notification),
    async upcall(server: EnabledServer, { method, params }) {
      const sent = await secretIn(params, redaction.known);
      if (sent === undefined) return;
      log(`! Blocked ${method} of ${server.entry.name}: a secret (${sent}) is in it`);
      throw new McpError(ErrorCode.InvalidRequest, `a secret is being sent by ${method} (${sent})`);
    },
  };
}

function withoutSecrets(error: unknown, redaction: Redaction): unknown {
  if (!(error instanceof McpError)) return error;
  const message = redaction.clean(error.message);
  const data = redaction.cleanValue(error.data);
  if (message === error.message && JSON.stringify(data) === JSON.stringify(error.data)) return error;
  // The SDK puts its own words before a message; here it has them already.
  return new McpError(error.code, message.replace(/^MCP error -?\d+: /, ""), data);
}

/** What secret is in texts (also across several), embedded resources, structured content; see `secretIn`. */
export async function secretInResult(
  result: CallToolResult,
  known: KnownValue[] = [],
): Promise<string | undefined> {
  const { content, ...others } = result ?? {};
  const parts = Array.isArray(content) ? content : [];
  // Images and sound are bytes in base64: whatever looks like a secret there is chance.
  const searched = parts.filter((part) => part?.type !== "image" && part?.type !== "audio");
  return await secretIn([searched, others, seams(parts)], known);
}

/** Texts around the places where one text part goes on in the next. */
function seams(parts: CallToolResult["content"]): string[] {
  const texts = parts.flatMap((part) => part?.type === "text" ? [String(part.text)] : []);
  if (texts.length < 2) return [];
  const ends = (text: string) =>
    text.length <= 2 * longestContext
      ? text
      : `${text.slice(0, longestContext)}\n${text.slice(-longestContext)}`;
  return [texts.map(ends).join("")];
}

/**
 * `--interceptor when:type:argument`: programs, containers and web services of the user that see each call
 * (before) or its result (after), and may answer in its place. Nothing said means: go on unchanged.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { fetchTrusting } from "../../../core/http/trusting_fetch.ts";
import type { CallMiddleware, ToolCall } from "../gateway/middleware.ts";
import { type CallToolResult, CallToolResultSchema, ErrorCode, McpError } from "../sdk.ts";
import { runCommand } from "./interceptor_command.ts";
import { limitedText } from "./limited_text.ts";

export interface Interceptor {
  when: "before" | "after";
  type: "exec" | "docker" | "http";
  /** A shell command; an image with arguments; a URL. */
  argument: string;
}

/** What one is given and must keep to; it is ended otherwise. */
export interface InterceptorRun {
  input: string;
  /** Aborted when the call is, or when its time is over. */
  signal: AbortSignal;
  /** Bytes that it may say. */
  most: number;
}

/** Runs a container; gives its stdout. Throws when it fails. */
export type RunContainer = (words: string[], run: InterceptorRun) => Promise<string>;

export interface InterceptorLimits {
  /** Milliseconds of one run. */
  ms: number;
  /** Bytes of one answer. */
  most: number;
}

export const interceptorLimits: InterceptorLimits = { ms: 60_000, most: 16 * 1024 * 1024 };

/** Throws "usage". */
export function parseInterceptor(text: string): Interceptor {
  const [, when, type, argument] = /^(before|after):(exec|docker|container|http):(.+)$/s.exec(text) ?? [];
  if (when === undefined || (type === "http" && !URL.canParse(argument))) {
    throw new SkiffError("usage", `"${text}" is no interceptor`, {
      hint:
        "Write when:type:argument, like before:exec:./check.sh, after:docker:acme/check or before:http:http://localhost:9000.",
    });
  }
  return { when, type: type === "container" ? "docker" : type, argument } as Interceptor;
}

/** A middleware; failures of the interceptor fail the call. */
export function interceptorMiddleware(
  interceptor: Interceptor,
  runContainer: RunContainer,
  limits = interceptorLimits,
): CallMiddleware {
  const ask = (input: unknown, signal: AbortSignal) =>
    askInterceptor(interceptor, { input, signal, limits }, runContainer);
  if (interceptor.when === "before") {
    return async (call, next) => await ask(requestOf(call), call.signal) ?? await next(call);
  }
  return async (call, next) => {
    const result = await next(call);
    return await ask(result, call.signal) ?? result;
  };
}

function requestOf({ name, arguments: args, meta, session, server, tool }: ToolCall) {
  return {
    method: "tools/call",
    params: { name, arguments: args, ...(meta ? { _meta: meta } : {}) },
    session: { id: session.id, client: session.client },
    server: server?.entry.name,
    tool,
  };
}

async function askInterceptor(
  { when, type, argument }: Interceptor,
  { input, signal, limits }: { input: unknown; signal: AbortSignal; limits: InterceptorLimits },
  runContainer: RunContainer,
): Promise<CallToolResult | undefined> {
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new Error(`it did not end within ${Math.round(limits.ms / 100) / 10} s`)),
    limits.ms,
  );
  const run: InterceptorRun = {
    input: JSON.stringify(input),
    signal: AbortSignal.any([signal, late.signal]),
    most: limits.most,
  };
  let said: string;
  try {
    if (type === "exec") said = await runCommand(argument, run);
    else if (type === "http") said = await post(argument, run);
    else said = await runContainer(argument.trim().split(/\s+/), run);
  } catch (error) {
    signal.throwIfAborted();
    const { message } = (late.signal.aborted ? late.signal.reason : error) as Error;
    throw new McpError(ErrorCode.InternalError, `the interceptor ${when}:${type} failed: ${message}`);
  } finally {
    clearTimeout(timer);
  }
  if (said.trim() === "") return undefined;
  try {
    return CallToolResultSchema.parse(JSON.parse(said));
  } catch {
    throw new McpError(
      ErrorCode.InternalError,
      `the interceptor ${when}:${type} answers what is no tool result`,
    );
  }
}

async function post(url: string, { input, signal, most }: InterceptorRun): Promise<string> {
  const headers = { "content-type": "application/json" };
  const response = await fetchTrusting(url, {
    method: "POST",
    headers,
    body: input,
    signal,
    redirect: "error",
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`it answers ${response.status}`);
  }
  return await limitedText(response.body ?? [], most);
}

/**
 * `--interceptor when:type:argument`: programs, containers and web services of the user that see each call
 * (before) or its result (after), and may answer in its place. Nothing said means: go on unchanged.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { CallMiddleware, ToolCall } from "../gateway/middleware.ts";
import { type CallToolResult, CallToolResultSchema, ErrorCode, McpError } from "../sdk.ts";

export interface Interceptor {
  when: "before" | "after";
  type: "exec" | "docker" | "http";
  /** A shell command; an image with arguments; a URL. */
  argument: string;
}

/** Runs a container with `input` on stdin; gives its stdout. Throws when it fails. */
export type RunContainer = (words: string[], input: string, signal: AbortSignal) => Promise<string>;

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
export function interceptorMiddleware(interceptor: Interceptor, runContainer: RunContainer): CallMiddleware {
  const ask = (input: unknown, signal: AbortSignal) =>
    askInterceptor(interceptor, input, signal, runContainer);
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
  input: unknown,
  signal: AbortSignal,
  runContainer: RunContainer,
): Promise<CallToolResult | undefined> {
  const text = JSON.stringify(input);
  let said: string;
  try {
    if (type === "exec") said = await runCommand(argument, text, signal);
    else if (type === "http") said = await post(argument, text, signal);
    else said = await runContainer(argument.trim().split(/\s+/), text, signal);
  } catch (error) {
    throw new McpError(
      ErrorCode.InternalError,
      `the interceptor ${when}:${type} failed: ${(error as Error).message}`,
    );
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

async function runCommand(command: string, input: string, signal: AbortSignal): Promise<string> {
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", command],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal,
  }).spawn();
  const writer = child.stdin.getWriter();
  // A command that reads nothing closes its side first.
  const written = writer.write(new TextEncoder().encode(input)).then(() => writer.close()).catch(() => {});
  const { success, code, stdout, stderr } = await child.output();
  await written;
  if (!success) {
    const reason = new TextDecoder().decode(stderr).trim().slice(-500);
    throw new Error(`exit code ${code}${reason && `: ${reason}`}`);
  }
  return new TextDecoder().decode(stdout);
}

async function post(url: string, body: string, signal: AbortSignal): Promise<string> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "error" });
  const text = await response.text();
  if (!response.ok) throw new Error(`it answers ${response.status}`);
  return text;
}

/** What stands between a client's tool call and the server: policy, scanners, interceptors, logs. */
import type { CallToolResult, RequestId, Tool } from "../sdk.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import type { GatewaySession } from "./gateway_session.ts";

export interface ToolCall {
  /** The server that has the tool; absent for the gateway's own tools (mcp-find, …). */
  server?: EnabledServer;
  /** The tool's own name, as its server knows it. */
  tool: string;
  /** The name that the client called. */
  name: string;
  /** As the client is told of it, under that name. */
  definition: Tool;
  arguments: Record<string, unknown>;
  /** `_meta` of the request without the progress token. */
  meta?: Record<string, unknown>;
  session: GatewaySession;
  signal: AbortSignal;
  /** Of the client's own request, if that is where the call comes from; to be handed on as it is. */
  origin?: CallOrigin;
}

export interface CallOrigin {
  requestId: RequestId;
  /** The client wants to hear of progress. */
  onprogress?: (made: Record<string, unknown>) => Promise<void>;
  /** Fields of the request beside name, arguments and `_meta`, e.g. `task`. */
  params: Record<string, unknown>;
}

/**
 * Looks at a call, may change it, refuse it (throw an `McpError`, or give a result of its own), and may look
 * at or change the result of `next`. The first of a list is the outermost.
 */
export type CallMiddleware = (
  call: ToolCall,
  next: (call: ToolCall) => Promise<CallToolResult>,
) => Promise<CallToolResult>;

/** One function of all middlewares around `last`. */
export function compose(
  middlewares: CallMiddleware[],
  last: (call: ToolCall) => Promise<CallToolResult>,
): (call: ToolCall) => Promise<CallToolResult> {
  return middlewares.reduceRight<(call: ToolCall) => Promise<CallToolResult>>(
    (next, middleware) => (call) => middleware(call, next),
    last,
  );
}

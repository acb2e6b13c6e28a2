/**
 * Answers the requests that the gateway hands on, past the SDK, which would check every message against its
 * schemas. Everything else (handshake, ping, answers of the client) stays with the SDK's server.
 */
import { cancelledBy, errorMessage, greetingFault, idInUse } from "../json_rpc.ts";
import { ErrorCode, type JSONRPCMessage, type JSONRPCRequest, McpError, type Transport } from "../sdk.ts";
import type { RequestExtra } from "./requests.ts";

export interface DirectAnswers {
  handles(method: string): boolean;
  handle(request: JSONRPCRequest, extra: RequestExtra): Promise<unknown>;
  onerror(error: Error): void;
}

/** On a transport that the SDK's server is connected to already. */
export function answerDirectly(transport: Transport, { handles, handle, onerror }: DirectAnswers): void {
  const running = new Map<unknown, AbortController>();
  const { onmessage, onclose } = transport;

  async function answer(request: JSONRPCRequest): Promise<void> {
    const { id } = request;
    const abort = new AbortController();
    running.set(id, abort);
    let message: JSONRPCMessage;
    try {
      const result = await handle(request, {
        signal: abort.signal,
        requestId: id,
        sendNotification: (notification) =>
          transport.send({ ...notification, jsonrpc: "2.0" }, { relatedRequestId: id }),
      });
      message = { jsonrpc: "2.0", id, result: (result ?? {}) as Record<string, unknown> };
    } catch (error) {
      message = { jsonrpc: "2.0", id, error: errorBody(error) };
    }
    if (running.get(id) === abort) running.delete(id);
    if (!abort.signal.aborted) await transport.send(message);
  }

  transport.onmessage = (message, extra) => {
    if (!("method" in message)) return onmessage?.(message, extra);
    if ("id" in message) {
      // Not under its id: that would be taken for the answer to the other request.
      const fault = running.has(message.id) ? idInUse(message.id, null) : greetingFault(message);
      if (fault) return void transport.send(errorMessage(fault)).catch(onerror);
      if (!handles(message.method)) return onmessage?.(message, extra);
      return void answer(message as JSONRPCRequest).catch(onerror);
    }
    const id = cancelledBy(message);
    const cancelled = running.get(id);
    if (!cancelled) return onmessage?.(message, extra);
    running.delete(id); // it may be another request's now
    cancelled.abort((message.params as { reason?: unknown }).reason);
  };
  transport.onclose = () => {
    for (const abort of running.values()) abort.abort();
    running.clear();
    onclose?.();
  };
}

/** As the SDK's server gives them. Its errors have their code in front of the words, which the client adds again. */
function errorBody(error: unknown): { code: number; message: string; data?: unknown } {
  const { code, message = "Internal error", data } = error as Partial<McpError>;
  const plain = error instanceof McpError ? message.replace(`MCP error ${code}: `, "") : message;
  return {
    code: Number.isSafeInteger(code) ? code! : ErrorCode.InternalError,
    message: plain,
    ...(data === undefined ? {} : { data }),
  };
}

/**
 * Requests that are handed on to a server as they are, and the answers to them: past the SDK, which would check
 * every message against its schemas and set a timer for each.
 */
import { ErrorCode, type JSONRPCMessage, McpError, type Transport } from "../sdk.ts";

/** The SDK's client counts from 0 on the same connection. */
const firstId = 1_000_000_000;

type JSONRPCAnswer = Exclude<JSONRPCMessage, { method: string }>;

export interface LaneRequest {
  method: string;
  params?: Record<string, unknown>;
}

export interface LaneOptions {
  signal?: AbortSignal;
  /** While its promise is pending, nothing more is read. */
  onprogress?: OnProgress;
}

interface Waiting {
  resolve(result: any): void;
  reject(error: unknown): void;
}

type OnProgress = (made: any) => Promise<void>;

/** A task goes on after the answer that named it; so many are listened to. */
const mostTasks = 1000;

export class RequestLane {
  readonly #send: (message: JSONRPCMessage) => Promise<void>;
  readonly #waiting = new Map<unknown, Waiting>();
  /** By token, which is the request's id. */
  readonly #progress = new Map<unknown, OnProgress>();
  readonly #tasks: unknown[] = [];
  #nextId = firstId;
  #closed = false;

  /**
   * On a transport that the SDK is connected to already. Notifications that are not progress of the lane's own
   * requests go to `notified`; while its promise is pending, nothing more is read.
   */
  constructor(transport: Transport, notified: (notification: LaneRequest) => Promise<void> | void) {
    this.#send = (message) => transport.send(message);
    const { onmessage, onclose } = transport;
    transport.onmessage = (message, extra) => {
      if (!("method" in message)) {
        if (!this.#answered(message)) onmessage?.(message, extra);
      } else if ("id" in message || message.method === "notifications/cancelled") onmessage?.(message, extra);
      else if (message.method !== "notifications/progress") return notified(message);
      else return this.#progressed(message.params) ?? onmessage?.(message, extra);
    };
    transport.onclose = () => {
      this.#closed = true;
      const error = connectionClosed();
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
      onclose?.();
    };
  }

  /** The result as the server gave it. Throws `McpError`; when the signal aborts, the server is told. */
  request({ method, params }: LaneRequest, { signal, onprogress }: LaneOptions): Promise<any> {
    if (this.#closed) return Promise.reject(connectionClosed());
    if (signal?.aborted) return Promise.reject(signal.reason);
    const id = this.#nextId++;
    const sent = onprogress
      ? { ...params, _meta: { ...(params?._meta as Record<string, unknown>), progressToken: id } }
      : params;
    if (onprogress) this.#progress.set(id, onprogress);
    const { promise, resolve, reject } = Promise.withResolvers<any>();
    this.#waiting.set(id, { resolve, reject });
    this.#send({ jsonrpc: "2.0", id, method, params: sent }).catch((error) => this.#take(id)?.reject(error));
    if (!signal) return promise;
    const abort = () => this.#cancel(id, signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    return promise.finally(() => signal.removeEventListener("abort", abort));
  }

  #take(id: unknown): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting) this.#waiting.delete(id);
    return waiting;
  }

  #cancel(id: number, reason: unknown): void {
    const params = { requestId: id, reason: String(reason) };
    this.#send({ jsonrpc: "2.0", method: "notifications/cancelled", params }).catch(() => {});
    const error = reason instanceof McpError ? reason : new McpError(ErrorCode.RequestTimeout, params.reason);
    this.#progress.delete(id);
    this.#take(id)?.reject(error);
  }

  #answered(message: JSONRPCAnswer): boolean {
    const waiting = this.#take(message.id);
    if (!waiting) return false;
    if ("error" in message) {
      const { code, message: text, data } = message.error;
      waiting.reject(McpError.fromError(code, text, data));
    } else waiting.resolve(message.result);
    if (this.#progress.has(message.id)) this.#endProgress(message);
    return true;
  }

  #endProgress(message: JSONRPCAnswer): void {
    const isTask = "result" in message && (message.result.task as { taskId?: unknown } | undefined)?.taskId;
    if (!isTask) return void this.#progress.delete(message.id);
    this.#tasks.push(message.id);
    if (this.#tasks.length > mostTasks) this.#progress.delete(this.#tasks.shift());
  }

  /** Undefined: it is of no request of the lane. */
  #progressed({ progressToken, ...made }: Record<string, unknown> = {}): Promise<void> | undefined {
    return this.#progress.get(progressToken)?.(made);
  }
}

function connectionClosed(): McpError {
  return new McpError(ErrorCode.ConnectionClosed, "Connection closed");
}

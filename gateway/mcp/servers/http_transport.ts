/**
 * The SDK's transport of streamable HTTP, made for servers and networks that fail: a request whose stream breaks
 * is taken up again where the server can do that and fails where it cannot, instead of waiting for ever; a
 * session that the server has forgotten, or that cannot be reached any more, ends the connection.
 */
import { ErrorCode, type JSONRPCMessage, type Transport, type TransportSendOptions } from "../sdk.ts";
import { StreamableHTTPClientTransport, StreamableHTTPError } from "../sdk_http.ts";
import { endedFromTimeToTime, withEndOfStream } from "./end_of_stream.ts";
import { SessionLost } from "./session_lost.ts";
import { waitAtMost } from "./wait_at_most.ts";

export type Fetch = (to: string | URL, init?: RequestInit) => Promise<Response>;
export type HttpTransportOptions = ConstructorParameters<typeof StreamableHTTPClientTransport>[1] & {
  fetch: Fetch;
};

/** For the server to take note of a session's end. */
const farewellMs = 1000;
/**
 * A resumed stream is opened again and again while something waits: there are servers (the reference server among
 * them) that give what was sent before it was resumed, and nothing that comes later.
 */
const askAgainMs = 3000;
/** A stream is opened anew after 0.25, 0.5, 1, 2, 4 and 8 s; then the server counts as gone. */
const reconnection = {
  initialReconnectionDelay: 250,
  reconnectionDelayGrowFactor: 2,
  maxReconnectionDelay: 10_000,
  maxRetries: 6,
};

export class HttpTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #sdk: StreamableHTTPClientTransport;
  readonly #pending = new Set<string | number>();
  #reason = "its connection closed";
  #isLost = false;
  #isClosed = false;

  constructor(url: URL, options: HttpTransportOptions) {
    this.#sdk = new StreamableHTTPClientTransport(url, {
      reconnectionOptions: reconnection,
      ...options,
      fetch: (to, init) => this.#fetch(options.fetch, to, init),
    });
    this.#sdk.onmessage = (message) => this.#deliver(message);
    this.#sdk.onerror = (error) => {
      this.onerror?.(error);
      if (/Maximum reconnection attempts/.test(error.message)) this.#end("it cannot be reached any more");
    };
    this.#sdk.onclose = () => this.#closed();
  }

  /** Why it has closed. */
  get reason(): string {
    return this.#reason;
  }

  get sessionId(): string | undefined {
    return this.#sdk.sessionId;
  }

  setProtocolVersion(version: string): void {
    this.#sdk.setProtocolVersion(version);
  }

  async start(): Promise<void> {
    await this.#sdk.start();
  }

  /** Throws `SessionLost` when the server does not know the session. */
  async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    const id = "method" in message && "id" in message ? message.id : undefined;
    if (id !== undefined) this.#pending.add(id);
    const cancelled = cancelledRequest(message);
    if (cancelled !== undefined) this.#settled(cancelled);
    try {
      await this.#sdk.send(message, options);
    } catch (error) {
      if (id !== undefined) this.#pending.delete(id);
      if (!this.#isForgotten(error)) throw error;
      this.#lose();
      throw new SessionLost("its session has ended");
    }
  }

  /** Tells the server, too; a silent one is not waited for. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    if (!this.#isLost) await waitAtMost(farewellMs, this.#sdk.terminateSession());
    await this.#sdk.close();
  }

  #deliver(message: JSONRPCMessage): void {
    if ("method" in message) return this.onmessage?.(message);
    if (!this.#pending.has(message.id!)) return; // it is answered or given up; this is its stream's end
    this.onmessage?.(message);
    this.#settled(message.id!);
  }

  #settled(id: string | number): void {
    this.#pending.delete(id);
    if (this.#isLost && this.#pending.size === 0) this.#end(this.#reason);
  }

  async #fetch(fetch: Fetch, to: string | URL, init?: RequestInit): Promise<Response> {
    const response = await fetch(to, init);
    const isResumed = new Headers(init?.headers).has("last-event-id");
    if (isResumed && [400, 404, 405].includes(response.status)) {
      this.#end("its stream broke off and cannot be resumed");
    }
    if (isResumed && response.ok) {
      return endedFromTimeToTime(response, askAgainMs, () => this.#pending.size > 0);
    }
    if (init?.method !== "POST" || !response.ok) return response;
    const id = requestId(init.body);
    return id === undefined ? response : withEndOfStream(response, {
      jsonrpc: "2.0",
      id,
      error: { code: ErrorCode.InternalError, message: "The server's stream ended before it answered" },
    });
  }

  /** 404 by the specification; there are servers that say 400. */
  #isForgotten(error: unknown): boolean {
    if (!(error instanceof StreamableHTTPError) || this.#sdk.sessionId === undefined) return false;
    return error.code === 404 || (error.code === 400 && /session/i.test(error.message));
  }

  /** What is being answered yet may come to its end. */
  #lose(): void {
    this.#isLost = true;
    this.#reason = "its session has ended";
    if (this.#pending.size === 0) setTimeout(() => this.#end(this.#reason));
  }

  #end(reason: string): void {
    if (this.#isClosed) return;
    this.#reason = reason;
    this.#isLost = true;
    this.#sdk.close();
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onclose?.();
  }
}

function cancelledRequest(message: JSONRPCMessage): string | number | undefined {
  if (!("method" in message) || message.method !== "notifications/cancelled") return undefined;
  return message.params?.requestId as string | number | undefined;
}

function requestId(body: unknown): string | number | undefined {
  if (typeof body !== "string" || body[0] !== "{") return undefined;
  const { id, method } = JSON.parse(body);
  return method === undefined ? undefined : id;
}

/**
 * The SDK's transport of the older HTTP with server-sent events. A stream that breaks off is the end of the
 * connection: what is opened anew is another session, in which nobody has shaken hands.
 */
import type { JSONRPCMessage, Transport, TransportSendOptions } from "../sdk.ts";
import { SSEClientTransport, SseError } from "../sdk_http.ts";
import type { Fetch } from "./http_transport.ts";
import { SessionLost } from "./session_lost.ts";

export type EventTransportOptions = ConstructorParameters<typeof SSEClientTransport>[1] & { fetch: Fetch };

/** A message was refused. The SDK's own error of it has the status in its words only. */
export class PostRefused extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(`Error POSTing to endpoint (HTTP ${code}): ${text}`);
    this.code = code;
  }
}

export class EventTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #sdk: SSEClientTransport;
  #reason = "its connection closed";
  #isStarted = false;
  #isClosed = false;

  constructor(url: URL, options: EventTransportOptions) {
    this.#sdk = new SSEClientTransport(url, {
      ...options,
      fetch: (to, init) => post(options.fetch, to, init),
    });
    this.#sdk.onmessage = (message) => this.onmessage?.(message);
    this.#sdk.onerror = (error) => {
      this.onerror?.(error);
      if (this.#isStarted && error instanceof SseError) this.#end("its stream broke off");
    };
    this.#sdk.onclose = () => this.#closed();
  }

  /** Why it has closed. */
  get reason(): string {
    return this.#reason;
  }

  setProtocolVersion(version: string): void {
    this.#sdk.setProtocolVersion(version);
  }

  async start(): Promise<void> {
    await this.#sdk.start();
    this.#isStarted = true;
  }

  /** Throws `SessionLost` when the server does not know the session. */
  async send(message: JSONRPCMessage, _options?: TransportSendOptions): Promise<void> {
    try {
      await this.#sdk.send(message);
    } catch (error) {
      if (!(error instanceof PostRefused && error.code === 404)) throw error;
      setTimeout(() => this.#end("its session has ended"));
      throw new SessionLost("its session has ended");
    }
  }

  async close(): Promise<void> {
    if (!this.#isClosed) await this.#sdk.close();
  }

  #end(reason: string): void {
    if (this.#isClosed) return;
    this.#reason = reason;
    this.#sdk.close();
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onclose?.();
  }
}

/** Throws `PostRefused`; the answer to a GET is the SDK's to judge. */
async function post(fetch: Fetch, to: string | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(to, init);
  if (init?.method !== "POST" || response.status < 400) return response;
  throw new PostRefused(response.status, await response.text().catch(() => ""));
}

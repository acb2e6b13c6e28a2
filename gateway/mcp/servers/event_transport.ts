/**
 * The SDK's transport of the older HTTP with server-sent events. A stream that breaks off is the end of the
 * connection: what is opened anew is another session, in which nobody has shaken hands.
 */
import type { JSONRPCMessage, Transport, TransportSendOptions } from "../sdk.ts";
import { SSEClientTransport, SseError } from "../sdk_http.ts";
import { SessionLost } from "./session_lost.ts";

export type EventTransportOptions = ConstructorParameters<typeof SSEClientTransport>[1];

export class EventTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #sdk: SSEClientTransport;
  #reason = "its connection closed";
  #isStarted = false;
  #isClosed = false;

  constructor(url: URL, options: EventTransportOptions) {
    this.#sdk = new SSEClientTransport(url, options);
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
      if (!/\(HTTP 404\)/.test((error as Error).message)) throw error;
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

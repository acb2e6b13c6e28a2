/** One client over the older HTTP transport: a stream of events, and POSTs to the place that it names. */
import { limitedText } from "../security/limited_text.ts";
import type { JSONRPCMessage, Transport } from "../sdk.ts";

const encoder = new TextEncoder();
const keepAliveMs = 25_000;
/** Bytes that wait for the client until whoever sends more of them has to wait, too. */
const queuedBytes = 1024 * 1024;

export class SseTransport implements Transport {
  readonly sessionId = crypto.randomUUID();
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #endpoint: string;
  readonly #longestBody: number;
  #controller?: ReadableStreamDefaultController<Uint8Array>;
  #timer?: ReturnType<typeof setInterval>;
  /** Resolved when the client has taken what was sent. */
  #taken?: PromiseWithResolvers<void>;
  #closed = false;

  /** `endpoint`: path that the client posts to; the session's id is added. `longestBody`: bytes of a POST. */
  constructor(endpoint: string, longestBody: number) {
    this.#longestBody = longestBody;
    this.#endpoint = `${endpoint}?sessionId=${this.sessionId}`;
  }

  /** The answer to the client's GET. */
  response(): Response {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
        controller.enqueue(encoder.encode(`event: endpoint\ndata: ${this.#endpoint}\n\n`));
      },
      pull: () => this.#release(),
      cancel: () => this.close(),
    }, new ByteLengthQueuingStrategy({ highWaterMark: queuedBytes }));
    this.#timer = setInterval(() => {
      if (this.#hasRoom()) this.#write(": keep-alive\n\n");
    }, keepAliveMs);
    const headers = { "Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-transform" };
    return new Response(body, { headers });
  }

  /** The answer to a POST of the client. */
  async receive(request: Request): Promise<Response> {
    let text: string;
    try {
      text = request.body ? await limitedText(request.body, this.#longestBody) : "";
    } catch (error) {
      return new Response(`The message is too long: ${(error as Error).message}`, { status: 413 });
    }
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return new Response("Invalid JSON", { status: 400 });
    }
    for (const one of Array.isArray(message) ? message : [message]) {
      if (typeof one !== "object" || one === null || one.jsonrpc !== "2.0") {
        return new Response("Invalid message", { status: 400 });
      }
      this.onmessage?.(one);
    }
    return new Response("Accepted", { status: 202 });
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** Resolves when the client has taken enough of what was sent before. */
  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#closed) throw new Error("The client has closed its stream");
    this.#write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
    if (this.#closed || this.#hasRoom()) return;
    await (this.#taken ??= Promise.withResolvers()).promise;
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    clearInterval(this.#timer);
    this.#release();
    try {
      this.#controller?.close();
    } catch { /* the client has cancelled it */ }
    this.onclose?.();
    return Promise.resolve();
  }

  #release(): void {
    this.#taken?.resolve();
    this.#taken = undefined;
  }

  #hasRoom(): boolean {
    return (this.#controller?.desiredSize ?? 0) > 0;
  }

  #write(text: string): void {
    try {
      this.#controller?.enqueue(encoder.encode(text));
    } catch {
      this.close();
    }
  }
}

/** One client over the older HTTP transport: a stream of events, and POSTs to the place that it names. */
import type { JSONRPCMessage, Transport } from "../sdk.ts";
import { EventBody } from "./event_body.ts";
import { readPost } from "./posted_messages.ts";

const encoder = new TextEncoder();
const keepAliveMs = 25_000;

export class SseTransport implements Transport {
  readonly sessionId = crypto.randomUUID();
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #endpoint: string;
  readonly #longestBody: number;
  readonly #body = new EventBody();
  #timer?: ReturnType<typeof setInterval>;
  #closed = false;

  /** `endpoint`: path that the client posts to; the session's id is added. `longestBody`: bytes of a POST. */
  constructor(endpoint: string, longestBody: number) {
    this.#longestBody = longestBody;
    this.#endpoint = `${endpoint}?sessionId=${this.sessionId}`;
    this.#body.ended.then(() => this.close());
  }

  /** The answer to the client's GET. */
  response(): Response {
    this.#write(`event: endpoint\ndata: ${this.#endpoint}\n\n`);
    this.#timer = setInterval(() => {
      if (this.#body.hasRoom) this.#write(": keep-alive\n\n");
    }, keepAliveMs);
    const headers = { "Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-transform" };
    return new Response(this.#body.stream, { headers });
  }

  /** The answer to a POST of the client. */
  async receive(request: Request): Promise<Response> {
    const posted = await readPost(request, this.#longestBody);
    if ("status" in posted) return new Response(posted.fault.message, { status: posted.status });
    for (const message of posted.messages) this.onmessage?.(message);
    return new Response("Accepted", { status: 202 });
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** Resolves when the client has taken enough of what was sent before. */
  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#closed) throw new Error("The client has closed its stream");
    this.#write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
    await this.#body.room();
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    clearInterval(this.#timer);
    this.#body.end();
    this.onclose?.();
    return Promise.resolve();
  }

  #write(text: string): void {
    this.#body.write(encoder.encode(text));
  }
}

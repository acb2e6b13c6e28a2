/** One client over streamable HTTP: the SDK's transport, made for clients as they are. */
import { cancelledBy, idInUse } from "../json_rpc.ts";
import type { JSONRPCMessage, RequestId, TransportSendOptions } from "../sdk.ts";
import { WebStandardStreamableHTTPServerTransport } from "../sdk_http.ts";
import { EventBody } from "./event_body.ts";
import { SessionEvents } from "./event_store.ts";
import { faultResponse, namingHeaders } from "./streaming_messages.ts";

/** Milliseconds after which a client is to come again when its stream is closed. */
const retryMs = 1000;

/** The requests of one POST that have no answer yet, and where the answers go. */
interface Exchange {
  unanswered: Set<RequestId>;
  body?: EventBody;
}

export class StreamingTransport extends WebStandardStreamableHTTPServerTransport {
  readonly #exchanges = new Map<RequestId, Exchange>();
  /** Of the stream that belongs to no request. */
  readonly #listening = new Set<EventBody>();
  /** By which the client has come again for the rest of an exchange. */
  readonly #resumed = new Set<EventBody>();

  /** `onbegin` is called when `initialize` was posted. */
  constructor(id: string, onbegin: () => void) {
    super({
      sessionIdGenerator: () => id,
      onsessioninitialized: onbegin,
      eventStore: new SessionEvents(),
      retryInterval: retryMs,
    });
  }

  /** The answer to a POST. `ondone`: its last byte is sent, or its reader is gone. */
  async post(request: Request, messages: JSONRPCMessage[], ondone: () => void): Promise<Response> {
    const ids = messages.flatMap((message) => "method" in message && "id" in message ? [message.id] : []);
    const twice = ids.find((id, i) => this.#exchanges.has(id) || ids.indexOf(id) !== i);
    if (twice !== undefined) {
      ondone();
      return faultResponse(400, idInUse(twice, twice));
    }
    const exchange: Exchange = { unanswered: new Set(ids) };
    for (const id of ids) this.#exchanges.set(id, exchange);
    const parsedBody = messages.length === 1 ? messages[0] : messages;
    const response = await this.handleRequest(bodiless(request), { parsedBody });
    if (response.ok) { for (const message of messages) this.#cancelled(cancelledBy(message)); }
    else for (const id of ids) this.#exchanges.delete(id);
    if (ids.length === 0 || !response.ok) {
      ondone();
      return response;
    }
    exchange.body = new EventBody();
    exchange.body.ended.then(ondone);
    return bounded(response, exchange.body);
  }

  /** The answer to any other request. */
  async other(request: Request, ondone: () => void): Promise<Response> {
    const response = await this.handleRequest(bodiless(request));
    if (request.method !== "GET" || !response.ok) {
      ondone();
      return response;
    }
    const bodies = request.headers.has("last-event-id") ? this.#resumed : this.#listening;
    const body = new EventBody();
    bodies.add(body);
    body.ended.then(() => {
      bodies.delete(body);
      ondone();
    });
    return bounded(response, body);
  }

  /** Resolves when the client has taken enough of what was sent before. */
  override async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    const answered = "method" in message ? undefined : message.id;
    const exchange = this.#exchanges.get((answered ?? options?.relatedRequestId)!);
    if (answered !== undefined) this.#exchanges.delete(answered);
    await super.send(message, options);
    if (answered !== undefined) this.#settled(answered, exchange);
    await Promise.all(this.#bodiesOf(exchange).map((body) => body.room()));
  }

  #bodiesOf(exchange: Exchange | undefined): EventBody[] {
    if (!exchange) return [...this.#listening, ...this.#resumed];
    return exchange.body?.isEnded ? [...this.#resumed] : exchange.body ? [exchange.body] : [];
  }

  /** It gets no answer; its stream would stay open. */
  #cancelled(id: RequestId | undefined): void {
    const exchange = this.#exchanges.get(id!);
    if (!exchange) return;
    this.#exchanges.delete(id!);
    this.#settled(id!, exchange);
  }

  #settled(id: RequestId, exchange: Exchange | undefined): void {
    exchange?.unanswered.delete(id);
    if (exchange?.unanswered.size === 0) this.closeSSEStream(id);
  }
}

/** What the SDK still needs of a request. */
const bodiless = (request: Request) =>
  new Request(request.url, { method: request.method, headers: namingHeaders(request) });

/** The response with another body, which takes what comes and tells whether the client does so, too. */
function bounded(response: Response, body: EventBody): Response {
  const reader = response.body!.getReader();
  const pump = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || body.isEnded) break;
      body.write(value);
    }
  };
  pump().catch(() => {}).finally(() => body.end());
  body.ended.then(() => reader.cancel()).catch(() => {});
  return new Response(body.stream, { status: response.status, headers: response.headers });
}

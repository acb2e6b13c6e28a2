/**
 * HTTP/1.1 to a Docker Engine over any connection: requests, streams both ways, and hijacked streams. Own,
 * because `fetch` can neither hand over the raw connection after an upgrade nor speak through a process.
 */
import { joined } from "../../format/bytes.ts";
import { interrupted } from "../../errors/skiff_error.ts";
import { EarlyEnd } from "./byte_reader.ts";
import type { Connection } from "./connection.ts";
import { HijackedConnection, type HijackedStream } from "./hijacked_stream.ts";
import { type HttpRequest, writeRequest } from "./http1_request.ts";
import { type Body, type HeaderFields, openBody, readHead, type ResponseHead } from "./http1_response.ts";
import { ConnectionPool, type Lease } from "./pool.ts";

export interface TransportOptions {
  dial: (signal?: AbortSignal) => Promise<Connection>;
  /** Short requests at a time, and connections that are kept. Default 16. */
  most?: number;
}

export interface SendOptions {
  signal?: AbortSignal;
  /** The answer may take long (streams, waiting): it gets a connection of its own at once. */
  long?: boolean;
}

/** An answer with all of its body. */
export interface WholeAnswer {
  status: number;
  headers: HeaderFields;
  bytes: Uint8Array<ArrayBuffer>;
}

/** An answer that is no upgrade, in place of the stream that was asked for. */
export interface Refused {
  response: Response;
}

export class HttpTransport {
  readonly #pool: ConnectionPool;

  constructor({ dial, most = 16 }: TransportOptions) {
    this.#pool = new ConnectionPool({ dial, most });
  }

  /** Connections that exist now. */
  get connections(): number {
    return this.#pool.size;
  }

  /**
   * The answer, whatever its status; read its body to the end or cancel it, then the connection is free
   * again. Throws "interrupted" when the signal fires; else what the connection throws.
   */
  async send(request: HttpRequest, options: SendOptions = {}): Promise<Response> {
    return await this.#exchange(request, options, (exchange) => exchange.response(request));
  }

  /** As `send`, read to its end: for short answers. A process's first Response takes 4 ms to make. */
  async whole(request: HttpRequest, options: SendOptions = {}): Promise<WholeAnswer> {
    return await this.#exchange(request, options, (exchange) => exchange.whole(request));
  }

  async #exchange<T>(
    request: HttpRequest,
    options: SendOptions,
    use: (exchange: Exchange) => Promise<T>,
  ): Promise<T> {
    for (let fresh = false;; fresh = true) {
      const exchange = await Exchange.open(this.#pool, { ...options, fresh });
      try {
        return await use(exchange);
      } catch (error) {
        exchange.fail();
        if (options.signal?.aborted) throw interrupted(error);
        if (!exchange.mayRepeat(request)) throw error;
      }
    }
  }

  /** The raw stream behind an upgrade, or the answer that came instead. */
  async hijack(request: HttpRequest, options: SendOptions = {}): Promise<HijackedStream | Refused> {
    const exchange = await Exchange.open(this.#pool, { ...options, long: true, fresh: true });
    try {
      return await exchange.hijack(request);
    } catch (error) {
      exchange.fail();
      throw options.signal?.aborted ? interrupted(error) : error;
    }
  }

  /** Closes every connection; what is under way on them fails. */
  close(): void {
    this.#pool.close();
  }
}

const repeatable = ["GET", "HEAD"];
const eagerBytes = 64 * 1024;

/** One request and its answer on one connection. */
class Exchange {
  readonly #pool: ConnectionPool;
  readonly #lease: Lease;
  readonly #signal?: AbortSignal;
  readonly #abort = () => this.fail();
  #written = false;
  #writeError: unknown;

  private constructor(pool: ConnectionPool, lease: Lease, signal?: AbortSignal) {
    this.#pool = pool;
    this.#lease = lease;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  static async open(pool: ConnectionPool, options: SendOptions & { fresh: boolean }): Promise<Exchange> {
    if (options.signal?.aborted) throw interrupted(options.signal.reason);
    const lease = await pool.acquire(options).catch((error) => {
      throw options.signal?.aborted ? interrupted(error) : error;
    });
    if (options.signal?.aborted) {
      pool.discard(lease);
      throw interrupted(options.signal.reason);
    }
    return new Exchange(pool, lease, options.signal);
  }

  /** A kept connection that the Engine had closed: nothing came back, so the request is sent once more. */
  mayRepeat({ method, body }: HttpRequest): boolean {
    const { reused, reader } = this.#lease;
    if (!reused || reader.touched || this.#writeError instanceof SourceError) return false;
    return repeatable.includes(method) ||
      (!this.#written && (body === undefined || body instanceof Uint8Array));
  }

  fail(): void {
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#pool.discard(this.#lease);
  }

  async response(request: HttpRequest): Promise<Response> {
    const head = await this.#ask(request);
    const body = openBody(this.#lease.reader, head, request.method);
    const { length } = body ?? {};
    if (length !== undefined && length <= eagerBytes) {
      return new Response(await this.#read(body!, head), responseInit(head));
    }
    if (body) return new Response(this.#stream(body, head), responseInit(head));
    this.#finish(head, true);
    return new Response(null, responseInit(head));
  }

  async whole(request: HttpRequest): Promise<WholeAnswer> {
    const head = await this.#ask(request);
    const body = openBody(this.#lease.reader, head, request.method);
    const { status, headers } = head;
    if (body) return { status, headers, bytes: await this.#read(body, head) };
    this.#finish(head, true);
    return { status, headers, bytes: new Uint8Array(0) };
  }

  async hijack(request: HttpRequest): Promise<HijackedStream | Refused> {
    const head = await this.#ask(request);
    const isStream = head.status === 101 ||
      (head.status === 200 && /raw-stream|multiplexed-stream/.test(head.headers.get("content-type") ?? ""));
    if (!isStream) {
      const body = openBody(this.#lease.reader, head, request.method);
      if (!body) this.#finish(head, true);
      return { response: new Response(body && this.#stream(body, head), responseInit(head)) };
    }
    const { connection, reader } = this.#lease;
    // Old Engines and Podman answer 200 and may still frame what they send.
    const body = head.status === 200 ? openBody(reader, head, request.method) : null;
    return new HijackedConnection({
      next: body ? body.next : () => reader.some(),
      connection,
      mediaType: head.headers.get("content-type"),
      signal: this.#signal,
      release: () => this.fail(),
    });
  }

  /** Sends the request; gives the head of its answer, which may come while the body is still being sent. */
  async #ask(request: HttpRequest): Promise<ResponseHead> {
    const { connection, reader } = this.#lease;
    reader.mark();
    const { body } = request;
    const isStream = body !== undefined && !(body instanceof Uint8Array);
    const writing = writeRequest(connection, isStream ? { ...request, body: fromSource(body) } : request)
      .then(
        () => {
          this.#written = true;
        },
        (error) => {
          this.#writeError = error;
          // Without its source the request can never be whole, so no answer is worth waiting for. A broken
          // connection may still hold the Engine's reason.
          if (error instanceof SourceError) connection.close();
        },
      );
    if (!isStream) await writing;
    try {
      return await readHead(reader);
    } catch (error) {
      throw this.#writeError ?? error;
    }
  }

  async #read(body: Body, head: ResponseHead): Promise<Uint8Array<ArrayBuffer>> {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (let piece = await body.next(); piece !== null; piece = await body.next()) pieces.push(piece);
    this.#finish(head, body.delimited);
    return pieces.length === 1 ? pieces[0] : joined(pieces);
  }

  #stream(body: Body, head: ResponseHead): ReadableStream<Uint8Array<ArrayBuffer>> {
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => {
      try {
        const piece = await body.next();
        if (piece !== null) return controller.enqueue(piece);
        this.#finish(head, body.delimited);
        controller.close();
      } catch (error) {
        this.fail();
        const reason = this.#writeError instanceof SourceError ? this.#writeError : error;
        controller.error(this.#signal?.aborted ? interrupted(error) : reason);
      }
    };
    return new ReadableStream({ pull, cancel: () => this.fail() }, { highWaterMark: 0 });
  }

  /** The answer is complete: the connection is kept when both sides are at the end of this exchange. */
  #finish(head: ResponseHead, delimited: boolean): void {
    if (!head.keepAlive || !delimited || !this.#written) return this.fail();
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#pool.release(this.#lease);
  }
}

function responseInit({ status, reason, headers }: ResponseHead): ResponseInit {
  return { status, statusText: reason, headers: [...headers] };
}

/** Its `cause` is what the caller's own stream threw, as against what the connection throws. */
export class SourceError extends Error {}

async function* fromSource(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pieces = source[Symbol.asyncIterator]();
  let complete = false;
  try {
    while (true) {
      const next = await Promise.resolve(pieces.next()).catch((error) => {
        complete = true;
        throw new SourceError("The body's source failed", { cause: error });
      });
      if (next.done) {
        complete = true;
        return;
      }
      yield next.value;
    }
  } finally {
    if (!complete) await pieces.return?.();
  }
}

/** Whether the other side broke off, as against refusing or never having been there. */
export function isBreak(error: unknown): boolean {
  return error instanceof EarlyEnd || error instanceof SyntaxError ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.UnexpectedEof || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.BadResource || error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionAborted;
}

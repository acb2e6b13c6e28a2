/** One side of a connection: heads and bodies are read from it, bytes written to it. */
import {
  BadMessage,
  type Framing,
  headEnd,
  largestHead,
  parseRequestHead,
  parseResponseHead,
  type RequestHead,
  type ResponseHead,
} from "./head.ts";

/** What a connection must be able to do; `Deno.Conn` is one. */
export interface ByteStream {
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
}

const bufferBytes = 64 * 1024;
/** Of a chunk's size line with its extensions. */
const longestSizeLine = 256;

export class HttpConnection {
  readonly #stream: ByteStream;
  /** What came and was not used: [#from, #to). */
  #buffer = new Uint8Array(4096);
  #from = 0;
  #to = 0;
  #ended = false;
  #closed = false;
  #filling?: Promise<boolean>;

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#stream.close();
    } catch {
      // The other side was faster.
    }
  }

  /** Tells the other side that nothing follows. */
  async closeWrite(): Promise<void> {
    await this.#stream.closeWrite().catch(() => {});
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#stream.write(bytes.subarray(at));
  }

  /** The next request's head; undefined when the connection ends before its first byte. */
  async readRequestHead(): Promise<RequestHead | undefined> {
    const bytes = await this.#readHead();
    return bytes && parseRequestHead(bytes);
  }

  /** The next response's head. Throws when the connection ends before it. */
  async readResponseHead(): Promise<ResponseHead> {
    const bytes = await this.#readHead();
    if (!bytes) throw new BadMessage("the other side closed the connection", 502);
    return parseResponseHead(bytes);
  }

  async #readHead(): Promise<Uint8Array | undefined> {
    for (let looked = 0;;) {
      const length = this.#to - this.#from;
      const end = headEnd(this.#buffer.subarray(this.#from, this.#to), length, looked - 3);
      if (end > largestHead || (end < 0 && length > largestHead)) {
        throw new BadMessage("the head is too long", 431);
      }
      if (end >= 0) return this.#take(end);
      looked = length;
      if (!await this.#fill()) {
        if (length === 0) return undefined;
        throw new BadMessage("the connection ended in a head");
      }
    }
  }

  /** Resolves when the other side has closed or sent something; what it sent stays to be read. */
  async stirred(): Promise<"ended" | "bytes"> {
    if (this.#to > this.#from) return "bytes";
    return await this.#fill() ? "bytes" : "ended";
  }

  /** The body's pieces, unframed. A piece is valid until the next one is asked for. */
  async *body(framing: Framing): AsyncGenerator<Uint8Array, void, void> {
    if (framing.kind === "length") yield* this.#exactly(framing.bytes);
    else if (framing.kind === "chunked") yield* this.#chunks();
    else if (framing.kind === "close") yield* this.rest();
  }

  /** Whatever comes until the other side ends. */
  async *rest(): AsyncGenerator<Uint8Array, void, void> {
    while (this.#to > this.#from || await this.#fill()) yield this.#take(this.#to - this.#from);
  }

  async *#exactly(bytes: number): AsyncGenerator<Uint8Array, void, void> {
    for (let left = bytes; left > 0;) {
      if (this.#to === this.#from && !await this.#fill()) throw new BadMessage("the body was cut off");
      const piece = this.#take(Math.min(left, this.#to - this.#from));
      left -= piece.length;
      yield piece;
    }
  }

  async *#chunks(): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const line = await this.#line(longestSizeLine);
      const size = /^([0-9a-fA-F]{1,8})(?:[ \t]*;[\t\x20-\x7e]*)?$/.exec(line)?.[1];
      if (size === undefined) throw new BadMessage("a chunk's size cannot be read");
      const bytes = parseInt(size, 16);
      if (bytes === 0) break;
      yield* this.#exactly(bytes);
      if (await this.#line(0) !== "") throw new BadMessage("a chunk does not end where it should");
    }
    // Trailers are read and dropped: nothing behind us may take them for headers.
    for (let lines = 0; await this.#line(8192) !== "";) {
      if (++lines > 50) throw new BadMessage("there are too many trailers");
    }
  }

  /** A line without its CR LF, at most `longest` bytes of it. */
  async #line(longest: number): Promise<string> {
    for (let looked = this.#from;;) {
      for (; looked < this.#to; looked++) {
        if (this.#buffer[looked] !== 10) continue;
        const bytes = this.#take(looked + 1 - this.#from);
        const text = String.fromCharCode(...bytes);
        if (!text.endsWith("\r\n") || text.indexOf("\r") !== text.length - 2) {
          throw new BadMessage("a line does not end with CR LF");
        }
        return text.slice(0, -2);
      }
      if (looked - this.#from > longest + 2) throw new BadMessage("a line is too long");
      const offset = looked - this.#from;
      if (!await this.#fill()) throw new BadMessage("the body was cut off");
      looked = this.#from + offset;
    }
  }

  #take(count: number): Uint8Array {
    const bytes = this.#buffer.subarray(this.#from, this.#from + count);
    this.#from += count;
    return bytes;
  }

  /** Reads more into the buffer; false at the end. Two callers at once share one read. */
  #fill(): Promise<boolean> {
    if (this.#ended) return Promise.resolve(false);
    this.#filling ??= this.#read().finally(() => this.#filling = undefined);
    return this.#filling;
  }

  async #read(): Promise<boolean> {
    this.#makeRoom();
    const count = await this.#stream.read(this.#buffer.subarray(this.#to));
    if (count === null) {
      this.#ended = true;
      return false;
    }
    this.#to += count;
    return true;
  }

  /** Starts over in the buffer when all is used; it grows once so much comes that it was filled. */
  #makeRoom(): void {
    if (this.#from === this.#to && (this.#buffer.length === bufferBytes || this.#to < this.#buffer.length)) {
      this.#from = this.#to = 0;
    }
    if (this.#to < this.#buffer.length) return;
    const unused = this.#buffer.subarray(this.#from, this.#to);
    const fresh = new Uint8Array(Math.max(bufferBytes, unused.length * 2));
    fresh.set(unused);
    this.#buffer = fresh;
    this.#to = unused.length;
    this.#from = 0;
  }
}

/** Frames pieces for the wire. */
export async function writeBody(
  to: HttpConnection,
  pieces: AsyncIterable<Uint8Array>,
  framing: Framing,
): Promise<void> {
  for await (const piece of pieces) {
    if (piece.length === 0) continue;
    if (framing.kind !== "chunked") await to.write(piece);
    else await to.write(chunk(piece));
  }
  if (framing.kind === "chunked") await to.write(lastChunk);
}

const lastChunk = new TextEncoder().encode("0\r\n\r\n");

function chunk(piece: Uint8Array): Uint8Array {
  const size = new TextEncoder().encode(`${piece.length.toString(16)}\r\n`);
  const framed = new Uint8Array(size.length + piece.length + 2);
  framed.set(size);
  framed.set(piece, size.length);
  framed.set([13, 10], size.length + piece.length);
  return framed;
}

/** Carries bytes both ways until both sides have ended, passing each half-close on. */
export async function tunnel(a: HttpConnection, b: HttpConnection): Promise<void> {
  const pump = async (from: HttpConnection, to: HttpConnection) => {
    try {
      for await (const piece of from.rest()) await to.write(piece);
      await to.closeWrite();
    } catch {
      // Broken on one side: the other one must not wait for it.
      a.close();
      b.close();
    }
  };
  await Promise.all([pump(a, b), pump(b, a)]);
  a.close();
  b.close();
}

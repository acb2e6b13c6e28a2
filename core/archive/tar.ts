/**
 * Reads tar archives as a stream: sdists, npm tarballs, exports. POSIX ustar with pax headers and GNU long
 * names (POSIX.1-2017 pax, GNU tar manual "Basic Tar Format"); gzip is recognised by its first bytes.
 */
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { SkiffError } from "../errors/skiff_error.ts";

export interface TarEntry {
  /** Path as written in the archive; the reader of the entry decides whether it is safe. */
  name: string;
  type: "file" | "directory" | "symlink" | "link" | "other";
  /** Bytes of content. */
  size: number;
  /** Permission bits. */
  mode: number;
  /** Target of links. */
  linkName: string;
  /** The content; what is left unread is skipped when the next entry is asked for. */
  content(): AsyncGenerator<Uint8Array<ArrayBuffer>>;
}

const blockSize = 512;
const longestHeader = 1024 * 1024;
const types: Record<string, TarEntry["type"]> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "link",
  "2": "symlink",
  "5": "directory",
};

/** The entries in order. Throws "corrupt" on a wrong check sum or an early end. */
export async function* readTar(stream: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const reader = new BlockReader(await gunzipped(stream));
  let extended: Record<string, string> = {};
  while (true) {
    const at = reader.position;
    const block = await reader.take(blockSize);
    if (block === undefined || block.every((byte) => byte === 0)) return;
    const header = parseHeader(block, at);
    if ("xgLK".includes(header.flag)) {
      if (header.size > longestHeader) throw corrupt("an extended header is too long", at);
      const text = new TextDecoder().decode(await reader.takeAll(header.size));
      await reader.skipPadding(header.size);
      if (header.flag === "x") extended = { ...extended, ...paxRecords(text) };
      else if (header.flag === "L") extended.path = text.replace(/\0+$/, "");
      else if (header.flag === "K") extended.linkpath = text.replace(/\0+$/, "");
      continue;
    }
    const size = extended.size === undefined ? header.size : Number(extended.size);
    const end = reader.position + size;
    const content = reader.content(end);
    yield {
      name: extended.path ?? header.name,
      type: types[header.flag] ?? "other",
      size,
      mode: header.mode,
      linkName: extended.linkpath ?? header.linkName,
      content: () => content,
    };
    for await (const _ of reader.content(end)); // what the caller left
    await reader.skipPadding(size);
    extended = {};
  }
}

interface Header {
  name: string;
  flag: string;
  size: number;
  mode: number;
  linkName: string;
}

function parseHeader(block: Uint8Array, at: number): Header {
  const text = (from: number, to: number) => {
    const field = block.subarray(from, to);
    const end = field.indexOf(0);
    return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
  };
  let sum = 0;
  block.forEach((byte, i) => sum += i >= 148 && i < 156 ? 32 : byte);
  if (sum !== parseInt(text(148, 156).trim(), 8)) throw corrupt("a header's check sum is wrong", at);
  const prefix = text(257, 262) === "ustar" && block[262] === 0 ? text(345, 500) : "";
  const name = text(0, 100);
  return {
    name: prefix ? `${prefix}/${name}` : name,
    flag: String.fromCharCode(block[156]),
    size: number(block.subarray(124, 136), at),
    mode: number(block.subarray(100, 108), at) & 0o7777,
    linkName: text(157, 257),
  };
}

/** Octal digits, or GNU's binary form when the first bit is set. */
function number(field: Uint8Array, at: number): number {
  if (field[0] & 0x80) {
    return field.subarray(1).reduce((value, byte) => value * 256 + byte, field[0] & 0x7f);
  }
  const digits = new TextDecoder().decode(field).replace(/[\0 ]+$/, "").trim();
  if (!/^[0-7]*$/.test(digits)) throw corrupt("a header holds a damaged number", at);
  return digits === "" ? 0 : parseInt(digits, 8);
}

/** pax records: "<length> <key>=<value>\n", the length counting all of it in bytes (ASCII here or found by line). */
function paxRecords(text: string): Record<string, string> {
  const records: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const match = /^\d+ ([^=]+)=(.*)$/s.exec(line);
    if (match) records[match[1]] = match[2];
  }
  return records;
}

/** Bytes of a stream in the portions asked for. */
class BlockReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();
  /** Bytes given out so far. */
  position = 0;

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** At most `length` bytes, as they come; undefined at the end. */
  async #some(length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#pieces.next();
      if (done) return undefined;
      this.#rest = value;
    }
    const piece = this.#rest.subarray(0, length) as Uint8Array<ArrayBuffer>;
    this.#rest = this.#rest.subarray(piece.length);
    this.position += piece.length;
    return piece;
  }

  /** Exactly `length` bytes; undefined when the stream has ended before the first. */
  async take(length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const piece = await this.#some(length - filled);
      if (piece === undefined) {
        if (filled === 0) return undefined;
        throw corrupt("it is cut off", this.position);
      }
      bytes.set(piece, filled);
      filled += piece.length;
    }
    return bytes;
  }

  async takeAll(length: number): Promise<Uint8Array<ArrayBuffer>> {
    if (length === 0) return new Uint8Array();
    const bytes = await this.take(length);
    if (bytes === undefined) throw corrupt("it is cut off", this.position);
    return bytes;
  }

  /** What comes before position `end`, as it comes. */
  async *content(end: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    while (this.position < end) {
      const piece = await this.#some(end - this.position);
      if (piece === undefined) throw corrupt("it is cut off", this.position);
      yield piece;
    }
  }

  async skipPadding(size: number): Promise<void> {
    await this.takeAll((blockSize - size % blockSize) % blockSize);
  }
}

async function gunzipped(stream: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const pieces = stream[Symbol.asyncIterator]();
  const first = await pieces.next();
  async function* whole() {
    if (first.done) return;
    yield first.value;
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
  }
  const isGzip = !first.done && first.value[0] === 0x1f && first.value[1] === 0x8b;
  return isGzip ? gunzip(whole()) : whole();
}

async function* gunzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzipper = createGunzip({ chunkSize: 256 * 1024 });
  pipeline(Readable.from(bytes, { objectMode: true, highWaterMark: 2 }), gunzipper, () => {}); // its error comes out below
  try {
    for await (const piece of gunzipper) yield piece;
  } catch (error) {
    if (!(error instanceof Error && /^Z_/.test((error as { code?: string }).code ?? ""))) throw error;
    throw new SkiffError("corrupt", "Cannot read the tar archive: its compressed data is damaged", {
      cause: error,
    });
  }
}

function corrupt(what: string, offset: number): SkiffError {
  return new SkiffError("corrupt", `Cannot read the tar archive: ${what} (offset ${offset})`);
}

/** Reads a connection in the portions that HTTP needs: lines, and runs of bytes. */
import { joined } from "../../format/bytes.ts";
import type { Connection } from "./connection.ts";

const newline = 10;

/** The connection ended in the middle of something. */
export class EarlyEnd extends Error {
  override readonly name = "EarlyEnd";
}

export class ByteReader {
  readonly #connection: Connection;
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #ended = false;
  #filling: Promise<void> | undefined;
  /** Whether any byte came since `mark` was called. */
  #touched = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Bytes read from the connection and not yet taken. */
  get buffered(): number {
    return this.#rest.length;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get touched(): boolean {
    return this.#touched;
  }

  mark(): void {
    this.#touched = this.#rest.length > 0;
  }

  /** Waits until there are bytes or the end. Several callers share one read. */
  fill(): Promise<void> {
    if (this.#rest.length > 0 || this.#ended) return Promise.resolve();
    return this.#filling ??= this.#connection.read().then((bytes) => {
      if (bytes === null) this.#ended = true;
      else {
        this.#rest = bytes;
        this.#touched = true;
      }
    }).finally(() => this.#filling = undefined);
  }

  /** The next bytes, at most `most`; null at the end. */
  async some(most = Infinity): Promise<Uint8Array<ArrayBuffer> | null> {
    while (this.#rest.length === 0) {
      if (this.#ended) return null;
      await this.fill();
    }
    const bytes = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(bytes.length);
    return bytes;
  }

  /** A line without its line end. Throws `EarlyEnd`, or a RangeError beyond `longest` bytes. */
  async line(longest: number): Promise<string> {
    let start: Uint8Array<ArrayBuffer> = new Uint8Array(0);
    while (true) {
      if (this.#rest.length === 0) await this.fill();
      if (this.#rest.length === 0) throw new EarlyEnd("The connection ended within a line");
      const end = this.#rest.indexOf(newline);
      const piece = this.#rest.subarray(0, end < 0 ? this.#rest.length : end);
      if (start.length + piece.length > longest) {
        throw new RangeError(`A line is longer than ${longest} bytes`);
      }
      this.#rest = this.#rest.subarray(piece.length + (end < 0 ? 0 : 1));
      start = start.length === 0 ? piece : joined([start, piece]);
      if (end >= 0) return latin1(start.at(-1) === 13 ? start.subarray(0, -1) : start);
    }
  }
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

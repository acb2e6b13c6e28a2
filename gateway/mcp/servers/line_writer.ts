/**
 * Lines for the other side. Those of one turn are written at once: with many requests in flight most of what a
 * message costs is the write that carries it.
 */

/** Microtasks without a further line after which the turn's lines are taken to be complete. */
const quietMicrotasks = 4;
/** Characters; longer lines are not joined with others, which would copy them. */
const longLine = 256 * 1024;
const encoder = new TextEncoder();
const newline = encoder.encode("\n");

export class LineWriter {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #lines: string[] = [];
  #writing?: Promise<void>;

  constructor(writable: WritableStream<Uint8Array>) {
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(() => {}); // the reading side tells of the end
  }

  /** Resolves when the line (without its end) is written. */
  write(line: string): Promise<void> {
    this.#lines.push(line);
    return this.#writing ??= this.#write();
  }

  /** Writes what is left and ends the stream. Never throws. */
  async close(): Promise<void> {
    await this.#writing?.catch(() => {});
    await this.#writer.close().catch(() => {});
  }

  async #write(): Promise<void> {
    for (let count = 0; count !== this.#lines.length;) {
      count = this.#lines.length;
      for (let i = 0; i < quietMicrotasks; i++) await undefined;
    }
    const lines = this.#lines;
    this.#lines = [];
    this.#writing = undefined;
    // Nothing is awaited between the pieces of a line: the stream keeps their order.
    let written: Promise<void> = Promise.resolve();
    for (const bytes of pieces(lines)) {
      written.catch(() => {}); // the last one fails as well
      written = this.#writer.write(bytes);
    }
    await written;
  }
}

function* pieces(lines: string[]): Generator<Uint8Array> {
  let short = "";
  for (const line of lines) {
    if (line.length < longLine) {
      short += `${line}\n`;
      continue;
    }
    if (short !== "") yield encoder.encode(short);
    short = "";
    yield encoder.encode(line);
    yield newline;
  }
  if (short !== "") yield encoder.encode(short);
}

/** JSON lines over a pipe: reading of any length without copying twice, and writing whole batches at once. */
import { joined } from "../../core/format/bytes.ts";

/** The lines of a byte stream, without their ends; the last one even when it has none. */
export async function* readLines(
  source: { read(buffer: Uint8Array): Promise<number | null> },
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65536);
  let pieces: Uint8Array[] = [];
  for (let count = await source.read(buffer); count !== null; count = await source.read(buffer)) {
    let from = 0;
    const view = buffer.subarray(0, count);
    for (let end = view.indexOf(10); end >= 0; end = view.indexOf(10, from)) {
      pieces.push(view.slice(from, end));
      yield decoder.decode(whole(pieces));
      pieces = [];
      from = end + 1;
    }
    if (from < count) pieces.push(view.slice(from));
  }
  if (pieces.length > 0) yield decoder.decode(whole(pieces));
}

const whole = (pieces: Uint8Array[]) => pieces.length === 1 ? pieces[0] : joined(pieces);

/** Collects messages and writes them with one system call; the reader's pace is the writer's. */
export class LineWriter {
  readonly #target: { writeSync(bytes: Uint8Array): number };
  readonly #encoder = new TextEncoder();
  #lines = "";

  constructor(target: { writeSync(bytes: Uint8Array): number }) {
    this.#target = target;
  }

  add(message: unknown): void {
    this.#lines += `${JSON.stringify(message)}\n`;
  }

  /** Blocks while the pipe is full. Throws when nobody reads any more. */
  flush(): void {
    if (this.#lines.length === 0) return;
    let bytes = this.#encoder.encode(this.#lines);
    this.#lines = "";
    while (bytes.length > 0) bytes = bytes.subarray(this.#target.writeSync(bytes));
  }
}

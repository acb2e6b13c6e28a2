/** Lines out of pieces of bytes, each piece looked at once. */

export interface Line {
  /** Without its end; of a line that is too long only the beginning. */
  bytes: Uint8Array;
  tooLong: boolean;
  /** Bytes that the whole line had. */
  length: number;
}

const keptOfTooLong = 4096;
const newline = 10;
const carriageReturn = 13;

export class LineSplitter {
  readonly #longest: number;
  #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(longest: number) {
    this.#longest = longest;
  }

  /** The lines that end in these bytes. Pieces are kept, not copied, until their line ends. */
  *push(bytes: Uint8Array): Generator<Line> {
    let from = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
      this.#keep(bytes.subarray(from, end));
      yield this.#take();
      from = end + 1;
    }
    if (from < bytes.length) this.#keep(bytes.subarray(from));
  }

  /** What came after the last line's end. */
  rest(): Line {
    return this.#take();
  }

  #keep(piece: Uint8Array): void {
    const before = this.#length;
    this.#length += piece.length;
    if (this.#length <= this.#longest) this.#pieces.push(piece);
    else if (before <= this.#longest) this.#pieces = [joined(this.#pieces, keptOfTooLong)];
  }

  #take(): Line {
    const length = this.#length;
    const tooLong = length > this.#longest;
    let bytes = this.#pieces.length === 1 ? this.#pieces[0] : joined(this.#pieces, Infinity);
    if (bytes.at(-1) === carriageReturn) bytes = bytes.subarray(0, -1);
    this.#pieces = [];
    this.#length = 0;
    return { bytes, tooLong, length };
  }
}

/** A copy of the first `most` bytes. */
function joined(pieces: Uint8Array[], most: number): Uint8Array {
  const total = pieces.reduce((sum, { length }) => sum + length, 0);
  const all = new Uint8Array(Math.min(total, most));
  let at = 0;
  for (const piece of pieces) {
    if (at === all.length) break;
    const part = piece.subarray(0, all.length - at);
    all.set(part, at);
    at += part.length;
  }
  return all;
}

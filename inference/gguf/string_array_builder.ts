/** Builds a `StringArray` from a file's strings, stretch by stretch, as quickly as bytes can be copied. */
import { StringArray } from "./string_array.ts";
import { malformedUtf8 } from "./utf8.ts";

/** Strings for which room is made at first; more as they are really read, as a count is only a claim. */
const firstStrings = 16384;

export class StringArrayBuilder {
  readonly #count: number;
  #offsets: Uint32Array<ArrayBuffer>;
  #data = new Uint8Array(firstStrings * 8);
  #taken = 0;

  /** @param count strings to come */
  constructor(count: number) {
    this.#count = count;
    this.#offsets = new Uint32Array(Math.min(count + 1, firstStrings));
  }

  /** Strings taken so far. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Takes strings (each a 64-bit length and UTF-8) from the front of `bytes`, up to the first that is not
   * whole. Gives the bytes used, or the index of a byte that is not UTF-8.
   */
  take(bytes: Uint8Array): { used: number; malformed?: number } {
    if (bytes.length + this.#end > this.#data.length) this.#growData(bytes.length);
    const data = this.#data;
    let at = 0, end = this.#end;
    while (this.#taken < this.#count && at + 8 <= bytes.length) {
      const length = lengthAt(bytes, at);
      const from = at + 8;
      if (length > bytes.length - from) break;
      let all = 0;
      for (let k = 0; k < length; k++) all |= data[end + k] = bytes[from + k];
      if (all >= 0x80) {
        const malformed = malformedUtf8(bytes, from, from + length);
        if (malformed >= 0) return { used: at, malformed };
      }
      at = from + length;
      end += length;
      this.#push(end);
    }
    return { used: at };
  }

  done(): StringArray {
    return new StringArray(this.#data.slice(0, this.#end), this.#offsets);
  }

  get #end(): number {
    return this.#offsets[this.#taken];
  }

  #push(end: number): void {
    if (++this.#taken === this.#offsets.length) {
      const larger = new Uint32Array(Math.min(this.#count + 1, this.#offsets.length * 2));
      larger.set(this.#offsets);
      this.#offsets = larger;
    }
    this.#offsets[this.#taken] = end;
  }

  #growData(more: number): void {
    const larger = new Uint8Array(Math.max(this.#end + more, this.#data.length * 2));
    larger.set(this.#data.subarray(0, this.#end));
    this.#data = larger;
  }
}

/** A length of 64 bits; Infinity where it exceeds what any file holds. */
function lengthAt(bytes: Uint8Array, at: number): number {
  for (let k = 4; k < 8; k++) if (bytes[at + k] !== 0) return Infinity;
  return bytes[at] + (bytes[at + 1] << 8) + (bytes[at + 2] << 16) + bytes[at + 3] * 0x1000000;
}

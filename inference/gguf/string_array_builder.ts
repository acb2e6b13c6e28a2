/** Builds a `StringArray` from a file's strings, stretch by stretch, as quickly as bytes can be copied. */
import { StringArray } from "./string_array.ts";
import { malformedUtf8 } from "./utf8.ts";

/** Strings for which room is made at first; more as they are really read, as a count is only a claim. */
const firstStrings = 16384;

export class StringArrayBuilder {
  readonly #count: number;
  #offsets: Uint32Array;
  #data: Uint8Array = new Uint8Array(firstStrings * 8);
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
    this.#makeRoom(bytes.length);
    const data = this.#data, offsets = this.#offsets;
    const count = Math.min(this.#count, offsets.length - 1);
    let taken = this.#taken, at = 0, end = offsets[taken];
    let malformed: number | undefined;
    while (taken < count && at + 8 <= bytes.length) {
      const length = lengthAt(bytes, at);
      const from = at + 8, to = from + length;
      if (to > bytes.length) break;
      let all = 0;
      for (let k = from; k < to; k++, end++) all |= data[end] = bytes[k];
      if (all >= 0x80) {
        const bad = malformedUtf8(bytes, from, to);
        if (bad >= 0) {
          malformed = bad;
          break;
        }
      }
      at = to;
      offsets[++taken] = end;
    }
    this.#taken = taken;
    return { used: at, malformed };
  }

  done(): StringArray {
    const offsets = this.#offsets.slice(0, this.#taken + 1);
    return new StringArray(this.#data.slice(0, offsets[this.#taken]), offsets);
  }

  /** Room for the strings of `bytes` more, each of which takes 8 of them at least. */
  #makeRoom(bytes: number): void {
    const end = this.#offsets[this.#taken];
    if (end + bytes > this.#data.length) {
      this.#data = enlarged(this.#data, Math.max(end + bytes, this.#data.length * 2));
    }
    const strings = Math.min(this.#count, this.#taken + Math.floor(bytes / 8)) + 1;
    if (strings > this.#offsets.length) {
      this.#offsets = enlarged(this.#offsets, Math.min(this.#count + 1, strings * 2));
    }
  }
}

function enlarged<T extends Uint8Array | Uint32Array>(array: T, length: number): T {
  const larger = new (array.constructor as new (length: number) => T)(length);
  larger.set(array);
  return larger;
}

/** A length of 64 bits; Infinity where it exceeds what any file holds. */
function lengthAt(bytes: Uint8Array, at: number): number {
  for (let k = 4; k < 8; k++) if (bytes[at + k] !== 0) return Infinity;
  return bytes[at] + (bytes[at + 1] << 8) + (bytes[at + 2] << 16) + bytes[at + 3] * 0x1000000;
}

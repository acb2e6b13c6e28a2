/** Many strings kept as one run of UTF-8 bytes: vocabularies and merge lists have hundreds of thousands. */
import { utf16Length } from "./utf8.ts";

// A vocabulary may hold U+FEFF as a token; it is text here and not a mark.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
/** Bytes decoded at a time while iterating. */
const stretch = 64 * 1024;

export class StringArray implements Iterable<string> {
  /** All strings, one after the other, well-formed UTF-8. */
  readonly data: Uint8Array;
  /** String i is `data[offsets[i] .. offsets[i + 1])`; length + 1 entries. */
  readonly offsets: Uint32Array;

  constructor(data: Uint8Array, offsets: Uint32Array) {
    this.data = data;
    this.offsets = offsets;
  }

  static from(strings: Iterable<string>): StringArray {
    const encoded = [...strings].map((text) => new TextEncoder().encode(text));
    const offsets = new Uint32Array(encoded.length + 1);
    encoded.forEach((bytes, i) => offsets[i + 1] = offsets[i] + bytes.length);
    const data = new Uint8Array(offsets[encoded.length]);
    encoded.forEach((bytes, i) => data.set(bytes, offsets[i]));
    return new StringArray(data, offsets);
  }

  get length(): number {
    return this.offsets.length - 1;
  }

  /** The UTF-8 bytes of string i (not a copy). */
  bytes(i: number): Uint8Array {
    return this.data.subarray(this.offsets[i], this.offsets[i + 1]);
  }

  /** String i; undefined outside the array. */
  at(i: number): string | undefined {
    if (!(i >= 0 && i < this.length)) return undefined;
    return decoder.decode(this.bytes(i));
  }

  /** In order; far quicker than `at` in a loop. */
  *[Symbol.iterator](): Iterator<string> {
    const { data, offsets, length } = this;
    let first = 0;
    while (first < length) {
      let last = first + 1;
      while (last < length && offsets[last + 1] - offsets[first] <= stretch) last++;
      const text = decoder.decode(data.subarray(offsets[first], offsets[last]));
      let position = 0;
      for (let i = first; i < last; i++) {
        const end = position + utf16Length(data, offsets[i], offsets[i + 1]);
        yield text.slice(position, end);
        position = end;
      }
      first = last;
    }
  }
}

/**
 * SentencePiece's precompiled character map: a trie of byte strings, each with the string that replaces it.
 * The trie is an XOR-compressed double array (Kanda, "Space- and Time-Efficient String Dictionaries", 2018).
 */
import { SkiffError } from "../../core/errors/skiff_error.ts";

function broken(): SkiffError {
  return new SkiffError(
    "corrupt",
    "The model's character map (tokenizer.ggml.precompiled_charsmap) is damaged",
    {
      hint: "Pull or copy the model again.",
    },
  );
}

export class CharacterMap {
  /** Bytes that the last match took. */
  matched = 0;
  #nodes: Uint32Array;
  #replacements: Uint8Array;

  /**
   * `map`: u32 length of the trie in bytes, the trie, zero-terminated replacements.
   * @throws {SkiffError} "corrupt" when the lengths do not fit.
   */
  constructor(map: Uint8Array) {
    const view = new DataView(map.buffer, map.byteOffset, map.byteLength);
    if (map.length < 4 || view.getUint32(0, true) + 4 >= map.length) throw broken();
    const trieBytes = view.getUint32(0, true);
    this.#nodes = Uint32Array.from({ length: trieBytes >> 2 }, (_, i) => view.getUint32(4 + 4 * i, true));
    this.#replacements = map.subarray(4 + trieBytes);
  }

  #node(index: number): number {
    if (index >= this.#nodes.length) throw broken();
    return this.#nodes[index];
  }

  /**
   * The replacement for the longest string of the map that `bytes[start .. end)` begins with, its length in
   * `matched`; undefined when there is none.
   */
  replace(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
    let matched = 0, replacement = 0;
    let index = base(this.#node(0));
    for (let i = start; i < end && bytes[i] !== 0; i++) {
      index = (index ^ bytes[i]) >>> 0;
      const node = this.#node(index);
      if ((node & 0x800000ff) >>> 0 !== bytes[i]) break;
      index = (index ^ base(node)) >>> 0;
      if ((node >>> 8 & 1) === 1) {
        matched = i - start + 1;
        replacement = this.#node(index) & 0x7fffffff;
      }
    }
    this.matched = matched;
    if (matched === 0) return undefined;
    const terminator = this.#replacements.indexOf(0, replacement);
    if (terminator < 0) throw broken();
    return this.#replacements.subarray(replacement, terminator);
  }
}

function base(node: number): number {
  return ((node >>> 10) << ((node & 0x200) >>> 6)) >>> 0;
}

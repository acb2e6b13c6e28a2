/** The merges of a byte pair encoding (`tokenizer.ggml.merges`), looked up by the two symbols' numbers. */
import type { PairRanks, SymbolChain } from "./merge_queue.ts";
import type { Strings, Vocabulary } from "./vocabulary.ts";

const blank = 0x20;

/**
 * A symbol is a token's number, or a number above all tokens for a text that takes part in merges and is no
 * token itself. A merge's rank is its place in the list; of equal ones the first counts.
 */
export class MergeTable implements PairRanks {
  merged = -1;
  #vocabulary: Vocabulary;
  #left: Int32Array;
  #right: Int32Array;
  #result: Int32Array;
  /** Open addressing; rank + 1, 0 where free. */
  #slots: Int32Array;
  #others = new Map<string, number>();

  constructor(vocabulary: Vocabulary, merges: Strings) {
    this.#vocabulary = vocabulary;
    const count = merges.offsets.length - 1;
    this.#left = new Int32Array(count);
    this.#right = new Int32Array(count);
    this.#result = new Int32Array(count);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(count * 2 + 1)));
    for (let i = 0; i < count; i++) this.#add(i, merges.data, merges.offsets[i], merges.offsets[i + 1]);
  }

  #add(rank: number, data: Uint8Array, start: number, end: number): void {
    // The left part is never empty and may itself start with a blank.
    const between = data.indexOf(blank, start + 1);
    if (between < 0 || between >= end) return;
    const left = this.#symbol(data, start, between);
    const right = this.#symbol(data, between + 1, end);
    const slot = this.#slotOf(left, right);
    if (this.#slots[slot] !== 0) return;
    this.#slots[slot] = rank + 1;
    this.#left[rank] = left;
    this.#right[rank] = right;
    const joined = new Uint8Array(end - start - 1);
    joined.set(data.subarray(start, between));
    joined.set(data.subarray(between + 1, end), between - start);
    this.#result[rank] = this.#symbol(joined, 0, joined.length);
  }

  #symbol(data: Uint8Array, start: number, end: number): number {
    const token = this.#vocabulary.find(data, start, end);
    if (token >= 0) return token;
    const text = String.fromCharCode(...data.subarray(start, end));
    let symbol = this.#others.get(text);
    if (symbol === undefined) this.#others.set(text, symbol = this.#vocabulary.size + this.#others.size);
    return symbol;
  }

  #slotOf(left: number, right: number): number {
    const slots = this.#slots, mask = slots.length - 1;
    let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    hash ^= hash >>> 15;
    let slot = hash & mask;
    for (;; slot = (slot + 1) & mask) {
      const rank = slots[slot] - 1;
      if (rank < 0 || (this.#left[rank] === left && this.#right[rank] === right)) return slot;
    }
  }

  /** The symbol with this text, -1 when it is no token and no merge knows it. */
  find(data: Uint8Array, start: number, end: number): number {
    const token = this.#vocabulary.find(data, start, end);
    if (token >= 0 || this.#others.size === 0) return token;
    return this.#others.get(String.fromCharCode(...data.subarray(start, end))) ?? -1;
  }

  rank(symbols: SymbolChain, left: number, right: number): number {
    const rank = this.#slots[this.#slotOf(symbols.symbol[left], symbols.symbol[right])] - 1;
    if (rank >= 0) this.merged = this.#result[rank];
    return rank;
  }
}

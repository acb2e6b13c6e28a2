/** The merges of a byte pair encoding (`tokenizer.ggml.merges`), looked up by the two symbols' numbers. */
import type { PairRanks, SymbolChain } from "./merge_queue.ts";
import type { Strings, Vocabulary } from "./vocabulary.ts";

const blank = 0x20;
/** Numbers in a slot: left symbol, right symbol, rank + 1 (0: the slot is free), result. */
const slotSize = 4;

/**
 * A symbol is a token's number, or a number above all tokens for a text that takes part in merges and is no
 * token itself. A merge's rank is its place in the list; of equal ones the first counts.
 */
export class MergeTable implements PairRanks {
  merged = -1;
  #vocabulary: Vocabulary;
  /** Open addressing. */
  #slots: Int32Array;
  #mask: number;
  #others = new Map<string, number>();
  #joined = new Uint8Array(256);
  #lastResult = 0;

  constructor(vocabulary: Vocabulary, merges: Strings) {
    this.#vocabulary = vocabulary;
    const count = merges.offsets.length - 1;
    const slots = 2 ** Math.ceil(Math.log2(count * 1.4 + 1));
    this.#slots = new Int32Array(slots * slotSize);
    this.#mask = slots - 1;
    for (let i = 0; i < count; i++) this.#add(i, merges.data, merges.offsets[i], merges.offsets[i + 1]);
  }

  /** Every text that a merge gives or takes is a token. */
  get tokensOnly(): boolean {
    return this.#others.size === 0;
  }

  #add(rank: number, data: Uint8Array, start: number, end: number): void {
    // The left part is never empty and may itself start with a blank.
    let between = start + 1;
    while (between < end && data[between] !== blank) between++;
    if (between >= end) return;
    const left = this.#symbol(data, start, between);
    const right = this.#symbol(data, between + 1, end);
    const slot = this.#slotOf(left, right);
    if (this.#slots[slot + 2] !== 0) return;
    this.#slots[slot] = left;
    this.#slots[slot + 1] = right;
    this.#slots[slot + 2] = rank + 1;
    this.#slots[slot + 3] = this.#result(data, start, between, end);
  }

  #result(data: Uint8Array, start: number, between: number, end: number): number {
    const length = end - start - 1;
    if (length > this.#joined.length) this.#joined = new Uint8Array(length * 2);
    const joined = this.#joined;
    let at = 0;
    for (let i = start; i < end; i++) if (i !== between) joined[at++] = data[i];
    // Merges mostly stand in the order of the tokens that they give, which spares the search.
    for (let token = this.#lastResult; token <= this.#lastResult + 1; token++) {
      if (token < this.#vocabulary.size && this.#vocabulary.equals(token, joined, 0, length)) {
        return this.#lastResult = token;
      }
    }
    return this.#lastResult = this.#symbol(joined, 0, length);
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
    const slots = this.#slots;
    let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    hash ^= hash >>> 15;
    for (let i = hash & this.#mask;; i = (i + 1) & this.#mask) {
      const slot = i * slotSize;
      if (slots[slot + 2] === 0 || (slots[slot] === left && slots[slot + 1] === right)) return slot;
    }
  }

  /** The symbol with this text, -1 when it is no token and no merge knows it. */
  find(data: Uint8Array, start: number, end: number): number {
    const token = this.#vocabulary.find(data, start, end);
    if (token >= 0 || this.tokensOnly) return token;
    return this.#others.get(String.fromCharCode(...data.subarray(start, end))) ?? -1;
  }

  rank(symbols: SymbolChain, left: number, right: number): number {
    const slot = this.#slotOf(symbols.symbol[left], symbols.symbol[right]);
    const rank = this.#slots[slot + 2] - 1;
    if (rank >= 0) this.merged = this.#slots[slot + 3];
    return rank;
  }
}

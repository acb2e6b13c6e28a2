/**
 * Merging of adjacent symbols, best pair first (byte pair encoding): the part that BPE and SentencePiece
 * share. O(n log n) in the number of symbols, no recursion.
 */

/** Gives the rank of a pair of neighbours (lower merges first) and what the pair becomes. */
export interface PairRanks {
  /**
   * The rank of the pair of the symbols at `left` and `right`, below 2^21; -1 when they do not merge.
   * Sets `merged`.
   */
  rank(symbols: SymbolChain, left: number, right: number): number;
  /** The symbol that the pair of the last `rank` becomes. */
  merged: number;
}

/** A run of symbols, linked both ways so that merging costs the same anywhere; reused from word to word. */
export class SymbolChain {
  /** How many symbols were put in. */
  length = 0;
  /** The symbol; its meaning is the tokenizer's. */
  symbol = new Int32Array(64);
  /** Symbol i covers the bytes [start[i], end[i]) of the word. */
  start = new Int32Array(64);
  end = new Int32Array(64);
  /** The neighbour to the right, -1 at the end; follow it from 0 to read the result. */
  next = new Int32Array(64);
  /** The neighbour to the left, -1 at the start. */
  previous = new Int32Array(64);
  /** Rank of the pair that starts here, -1 when there is none or the symbol was merged away. */
  rank = new Int32Array(64);
  /** What that pair becomes. */
  merged = new Int32Array(64);

  clear(): void {
    this.length = 0;
  }

  push(symbol: number, start: number, end: number): void {
    const i = this.length++;
    if (i === this.symbol.length) this.#grow();
    this.symbol[i] = symbol;
    this.start[i] = start;
    this.end[i] = end;
    this.previous[i] = i - 1;
    this.next[i] = -1;
    if (i > 0) this.next[i - 1] = i;
  }

  #grow(): void {
    for (const name of ["symbol", "start", "end", "next", "previous", "rank", "merged"] as const) {
      const grown = new Int32Array(this[name].length * 2);
      grown.set(this[name]);
      this[name] = grown;
    }
  }

  /** Ranks the pair that starts at `left` anew. */
  update(left: number, pairs: PairRanks): number {
    const right = this.next[left];
    const rank = right < 0 ? -1 : pairs.rank(this, left, right);
    this.rank[left] = rank;
    this.merged[left] = pairs.merged;
    return rank;
  }

  /** Replaces the pair that starts at `left` by what it becomes. */
  join(left: number): void {
    const right = this.next[left];
    this.symbol[left] = this.merged[left];
    this.end[left] = this.end[right];
    this.rank[right] = -1;
    const after = this.next[right];
    this.next[left] = after;
    if (after >= 0) this.previous[after] = left;
  }
}

/** Up to this many symbols looking at all pairs for the best one is quicker than a heap. */
const fewSymbols = 20;

/** Merges until no pair is left: lowest rank first, of equal ones the leftmost. */
export function mergeSymbols(chain: SymbolChain, pairs: PairRanks, heap: KeyHeap): void {
  for (let i = 0; i < chain.length; i++) chain.update(i, pairs);
  if (chain.length <= fewSymbols) mergeFew(chain, pairs);
  else mergeMany(chain, pairs, heap);
}

function mergeFew(chain: SymbolChain, pairs: PairRanks): void {
  const { rank, next, previous } = chain;
  for (;;) {
    let best = -1;
    for (let i = 0; i >= 0; i = next[i]) {
      if (rank[i] >= 0 && (best < 0 || rank[i] < rank[best])) best = i;
    }
    if (best < 0) return;
    chain.join(best);
    chain.update(best, pairs);
    if (previous[best] >= 0) chain.update(previous[best], pairs);
  }
}

/** Keys are rank * 2^32 + position: one number orders by rank, then from the left. */
const positions = 2 ** 32;

function mergeMany(chain: SymbolChain, pairs: PairRanks, heap: KeyHeap): void {
  const { rank, previous } = chain;
  heap.clear();
  for (let i = 0; i < chain.length; i++) if (rank[i] >= 0) heap.add(rank[i] * positions + i);
  heap.order();
  while (heap.length > 0) {
    const key = heap.pop();
    const keyRank = Math.floor(key / positions);
    const left = key - keyRank * positions;
    if (rank[left] !== keyRank) continue; // the pair changed since
    chain.join(left);
    let updated = chain.update(left, pairs);
    if (updated >= 0) heap.push(updated * positions + left);
    const before = previous[left];
    if (before < 0) continue;
    updated = chain.update(before, pairs);
    if (updated >= 0) heap.push(updated * positions + before);
  }
}

/** A binary heap of numbers, the smallest on top. */
export class KeyHeap {
  length = 0;
  #keys = new Float64Array(256);

  clear(): void {
    this.length = 0;
  }

  /** Puts a key anywhere; `order` must follow before the first `pop`. */
  add(key: number): void {
    if (this.length === this.#keys.length) {
      const grown = new Float64Array(this.length * 2);
      grown.set(this.#keys);
      this.#keys = grown;
    }
    this.#keys[this.length++] = key;
  }

  order(): void {
    for (let i = (this.length >> 1) - 1; i >= 0; i--) this.#sink(i);
  }

  push(key: number): void {
    this.add(key);
    const keys = this.#keys;
    let i = this.length - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (keys[parent] <= key) break;
      keys[i] = keys[parent];
      i = parent;
    }
    keys[i] = key;
  }

  pop(): number {
    const top = this.#keys[0];
    this.#keys[0] = this.#keys[--this.length];
    this.#sink(0);
    return top;
  }

  #sink(i: number): void {
    const keys = this.#keys, key = keys[i];
    for (;;) {
      let child = 2 * i + 1;
      if (child >= this.length) break;
      if (child + 1 < this.length && keys[child + 1] < keys[child]) child++;
      if (keys[child] >= key) break;
      keys[i] = keys[child];
      i = child;
    }
    keys[i] = key;
  }
}

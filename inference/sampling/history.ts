/** The last tokens of a sequence. */
export class TokenHistory {
  readonly #ring: Int32Array;
  #next = 0;
  #size = 0;

  /** Remembers up to `capacity` (at least 1) tokens. */
  constructor(capacity: number) {
    this.#ring = new Int32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a token; gives the one that is forgotten for it. */
  push(token: number): number | undefined {
    const capacity = this.#ring.length;
    const oldest = this.#size === capacity ? this.#ring[this.#next] : undefined;
    this.#ring[this.#next] = token;
    this.#next = (this.#next + 1) % capacity;
    if (this.#size < capacity) this.#size++;
    return oldest;
  }

  /** The tokens, the newest first. */
  newestFirst(): Int32Array {
    const tokens = new Int32Array(this.#size);
    const capacity = this.#ring.length;
    for (let i = 0, at = this.#next; i < this.#size; i++) {
      at = at === 0 ? capacity - 1 : at - 1;
      tokens[i] = this.#ring[at];
    }
    return tokens;
  }
}

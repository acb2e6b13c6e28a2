/** A growing list of token ids. */
export class TokenList {
  length = 0;
  #tokens = new Int32Array(64);

  push(token: number): void {
    if (this.length === this.#tokens.length) this.#grow(1);
    this.#tokens[this.length++] = token;
  }

  append(tokens: Int32Array): void {
    if (this.length + tokens.length > this.#tokens.length) this.#grow(tokens.length);
    this.#tokens.set(tokens, this.length);
    this.length += tokens.length;
  }

  #grow(count: number): void {
    const grown = new Int32Array(Math.max(this.#tokens.length * 2, this.length + count));
    grown.set(this.#tokens);
    this.#tokens = grown;
  }

  /** A copy of the entries from `start`. */
  slice(start = 0): Int32Array {
    return this.#tokens.slice(start, this.length);
  }

  /** Drops what was pushed since the list had this length. */
  truncate(length: number): void {
    this.length = length;
  }
}

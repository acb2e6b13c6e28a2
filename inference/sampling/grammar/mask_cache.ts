/** Keeps the values used last, up to a number of bytes. */
export class ByteBudgetCache<K, V> {
  readonly #entries = new Map<K, { value: V; bytes: number }>();
  readonly #budget: number;
  #bytes = 0;

  constructor(budgetBytes: number) {
    this.#budget = budgetBytes;
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key); // the order of a Map is that of insertion: used last, kept longest
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: K, value: V, bytes: number): void {
    this.#bytes += bytes - (this.#entries.get(key)?.bytes ?? 0);
    this.#entries.delete(key);
    this.#entries.set(key, { value, bytes });
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#budget || this.#entries.size === 1) break;
      this.#entries.delete(oldest);
      this.#bytes -= entry.bytes;
    }
  }
}

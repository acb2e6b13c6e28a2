/** A set of byte strings with a number each, walked byte by byte. */
export class ByteTrie {
  /** Open addressing: pairs of node * 256 + byte + 1, which is 0 where free, and the child. */
  #edges: Uint32Array;
  #values: Int32Array;
  #count = 1;

  /** `bytes` bounds the length of all strings together; below 2^24. */
  constructor(bytes: number) {
    this.#edges = new Uint32Array(2 * 2 ** Math.ceil(Math.log2(bytes * 1.3 + 16)));
    this.#values = new Int32Array(bytes + 1).fill(-1);
  }

  #slot(key: number): number {
    const edges = this.#edges, mask = edges.length - 1;
    const hash = Math.imul(key, 0x9e3779b1);
    for (let slot = (hash ^ hash >>> 15) * 2 & mask;; slot = (slot + 2) & mask) {
      if (edges[slot] === 0 || edges[slot] === key) return slot;
    }
  }

  /** Puts the string `bytes[start .. end)`. */
  insert(bytes: Uint8Array, start: number, end: number, value: number): void {
    let node = 0;
    for (let i = start; i < end; i++) {
      const key = node * 256 + bytes[i] + 1;
      const slot = this.#slot(key);
      if (this.#edges[slot] === 0) {
        this.#edges[slot] = key;
        this.#edges[slot + 1] = this.#count++;
      }
      node = this.#edges[slot + 1];
    }
    this.#values[node] = value;
  }

  /** The node after `node` (0 is the root) and a byte, -1 when no string goes on so. */
  step(node: number, byte: number): number {
    const slot = this.#slot(node * 256 + byte + 1);
    return this.#edges[slot] === 0 ? -1 : this.#edges[slot + 1];
  }

  /** The number of the string that ends at a node, -1 when none does. */
  value(node: number): number {
    return this.#values[node];
  }
}

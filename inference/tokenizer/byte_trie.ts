/** A set of byte strings with a number each, walked byte by byte. */
export class ByteTrie {
  /** Open addressing: node * 256 + byte + 1 -> child; 0 where free. */
  #edges: Float64Array;
  #children: Int32Array;
  #values: Int32Array;
  #count = 1;

  /** `bytes` bounds the length of all strings together. */
  constructor(bytes: number) {
    const slots = 2 ** Math.ceil(Math.log2(bytes * 1.5 + 16));
    this.#edges = new Float64Array(slots);
    this.#children = new Int32Array(slots);
    this.#values = new Int32Array(bytes + 1).fill(-1);
  }

  #slot(node: number, byte: number): number {
    const key = node * 256 + byte + 1;
    const mask = this.#edges.length - 1;
    let hash = Math.imul(node, 0x9e3779b1) ^ Math.imul(byte, 0x85ebca6b);
    hash ^= hash >>> 15;
    let slot = hash & mask;
    while (this.#edges[slot] !== 0 && this.#edges[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  insert(bytes: Uint8Array, value: number): void {
    let node = 0;
    for (const byte of bytes) {
      const slot = this.#slot(node, byte);
      if (this.#edges[slot] === 0) {
        this.#edges[slot] = node * 256 + byte + 1;
        this.#children[slot] = this.#count++;
      }
      node = this.#children[slot];
    }
    this.#values[node] = value;
  }

  /** The node after `node` (0 is the root) and a byte, -1 when no string goes on so. */
  step(node: number, byte: number): number {
    const slot = this.#slot(node, byte);
    return this.#edges[slot] === 0 ? -1 : this.#children[slot];
  }

  /** The number of the string that ends at a node, -1 when none does. */
  value(node: number): number {
    return this.#values[node];
  }
}

/**
 * The tokens that may come next, with logits and probabilities: what the filters narrow down. One instance
 * serves all samplers of a vocabulary, as each choice is made in one go.
 */
export class Candidates {
  tokens = new Int32Array(0);
  logits = new Float32Array(0);
  /** Filled by `softmax`. */
  probabilities = new Float64Array(0);
  /** How many of the entries count. */
  size = 0;
  /** The most likely first; equal logits by token. */
  sorted = false;

  /**
   * The `count` most likely tokens of a row with logits of at least `floor`, sorted. Tokens with a logit of
   * -Infinity (or NaN) are never among them.
   */
  selectTop(row: Float32Array, count: number, floor = -Infinity): void {
    // A heap is quick as long as few tokens pass through it.
    if (count * 4 >= row.length) {
      this.collect(row, floor);
      this.sort();
      this.size = Math.min(this.size, count);
      return;
    }
    this.#reserve(count);
    const { tokens, logits } = this;
    let size = 0, i = 0;
    for (; i < row.length && size < count; i++) {
      if (row[i] > -Infinity && row[i] >= floor) {
        tokens[size] = i;
        logits[size++] = row[i];
      }
    }
    this.size = size;
    for (let root = (size >> 1) - 1; root >= 0; root--) this.#siftDown(root);
    if (i < row.length) {
      let least = Math.max(logits[0], floor);
      for (; i < row.length; i++) {
        if (row[i] > least) {
          tokens[0] = i;
          logits[0] = row[i];
          this.#siftDown(0);
          least = logits[0];
        }
      }
    }
    // The heap leaves equal logits in any order; the sort keeps the order it finds.
    tokens.subarray(0, size).sort();
    for (let k = 0; k < size; k++) logits[k] = row[tokens[k]];
    this.sort();
  }

  /** All tokens of a row with logits of at least `floor`, in the order of their numbers. */
  collect(row: Float32Array, floor = -Infinity): void {
    this.#reserve(row.length);
    const { tokens, logits } = this;
    let size = 0;
    for (let i = 0; i < row.length; i++) {
      if (row[i] > -Infinity && row[i] >= floor) {
        tokens[size] = i;
        logits[size++] = row[i];
      }
    }
    this.size = size;
    this.sorted = false;
  }

  /** Puts the most likely first. */
  sort(): void {
    this.arrange(descendingOrder(this.logits, this.size));
    this.sorted = true;
  }

  /** Reorders by `order` (of `size` indices); drops those that it leaves out. */
  arrange(order: Uint32Array): void {
    const tokens = this.tokens.slice(0, this.size), logits = this.logits.slice(0, this.size);
    for (let i = 0; i < order.length; i++) {
      this.tokens[i] = tokens[order[i]];
      this.logits[i] = logits[order[i]];
    }
    this.size = order.length;
    this.sorted = false;
  }

  /** Drops the first `count`. */
  dropFirst(count: number): void {
    this.tokens.copyWithin(0, count, this.size);
    this.logits.copyWithin(0, count, this.size);
    this.size -= count;
  }

  /** Keeps those with logits of at least `floor`, in their order. */
  keepAbove(floor: number): void {
    const { tokens, logits } = this;
    let kept = 0;
    for (let i = 0; i < this.size; i++) {
      if (logits[i] >= floor) {
        tokens[kept] = tokens[i];
        logits[kept++] = logits[i];
      }
    }
    this.size = kept;
  }

  /** The greatest logit; -Infinity when there are none. */
  maximum(): number {
    if (this.sorted && this.size > 0) return this.logits[0];
    let most = -Infinity;
    for (let i = 0; i < this.size; i++) if (this.logits[i] > most) most = this.logits[i];
    return most;
  }

  /**
   * Fills `probabilities`; they sum to 1. Gives the logit that probability 1 would have, from which the
   * probabilities follow: exp(logit - that).
   */
  softmax(): number {
    const { logits, probabilities, size } = this;
    const most = this.maximum();
    let sum = 0;
    for (let i = 0; i < size; i++) sum += probabilities[i] = Math.exp(logits[i] - most);
    for (let i = 0; i < size; i++) probabilities[i] /= sum;
    return most + Math.log(sum);
  }

  /** Draws an index by the probabilities; `random` is in [0, 1). */
  draw(random: number): number {
    let left = random;
    let last = 0;
    for (let i = 0; i < this.size; i++) {
      const probability = this.probabilities[i];
      if (probability === 0) continue;
      last = i;
      left -= probability;
      if (left < 0) break;
    }
    return last;
  }

  #reserve(count: number): void {
    if (this.tokens.length >= count) return;
    this.tokens = new Int32Array(count);
    this.logits = new Float32Array(count);
    this.probabilities = new Float64Array(count);
  }

  /** Restores the heap (least likely on top, of equals the higher token) below an entry. */
  #siftDown(start: number): void {
    const { tokens, logits, size } = this;
    const token = tokens[start], logit = logits[start];
    let parent = start;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= size) break;
      const right = child + 1;
      if (
        right < size &&
        (logits[right] < logits[child] || logits[right] === logits[child] && tokens[right] > tokens[child])
      ) child = right;
      if (logits[child] > logit || logits[child] === logit && tokens[child] < token) break;
      tokens[parent] = tokens[child];
      logits[parent] = logits[child];
      parent = child;
    }
    tokens[parent] = token;
    logits[parent] = logit;
  }
}

/** Below this many, insertion beats counting. */
const insertionLimit = 128;

/** Indices of the first `size` values from the greatest to the least; equal ones keep their order. */
export function descendingOrder(values: Float32Array, size: number): Uint32Array {
  const order = new Uint32Array(size);
  for (let i = 0; i < size; i++) order[i] = i;
  return size <= insertionLimit ? insertionSort(order, values) : radixSort(order, values);
}

function insertionSort(order: Uint32Array, values: Float32Array): Uint32Array {
  for (let i = 1; i < order.length; i++) {
    const index = order[i], value = values[index];
    let at = i;
    while (at > 0 && values[order[at - 1]] < value) {
      order[at] = order[at - 1];
      at--;
    }
    order[at] = index;
  }
  return order;
}

/** Three stable passes over 11 bits of keys that grow as the floats fall. */
function radixSort(order: Uint32Array<ArrayBuffer>, values: Float32Array): Uint32Array {
  const size = order.length;
  const keys = new Uint32Array(values.buffer, values.byteOffset, size).slice();
  // As an unsigned number a positive float grows with its value and a negative one falls.
  for (let i = 0; i < size; i++) keys[i] = keys[i] & 0x80000000 ? keys[i] : ~keys[i] & 0x7fffffff;
  let from = order, to = new Uint32Array(size);
  for (let shift = 0; shift < 33; shift += 11) {
    const starts = new Uint32Array(2049);
    for (let i = 0; i < size; i++) starts[(keys[i] >>> shift & 2047) + 1]++;
    for (let i = 1; i < 2048; i++) starts[i] += starts[i - 1];
    for (let i = 0; i < size; i++) {
      const index = from[i];
      to[starts[keys[index] >>> shift & 2047]++] = index;
    }
    [from, to] = [to, from];
  }
  return from;
}

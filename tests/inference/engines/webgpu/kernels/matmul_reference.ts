/** Products with weights in f64, and in the arithmetic of int8 activations: the truth for the GPU's kernels. */

/** x [T, K] as int8 activations: the words that kernels read, and the values that they stand for. */
export interface Q8 {
  words: Uint32Array<ArrayBuffer>;
  /** The same with the words of each group together. */
  groups: Uint32Array<ArrayBuffer>;
  values: Float64Array;
}

/** Words of 32 activations, as kernels/snippets/q8.wgsl says: coarse bytes, fine bytes, scale and sums. */
export const q8Words = 20;

export function quantiseQ8(x: Float32Array, columns: number): Q8 {
  const groups = new Uint32Array(x.length / 32 * q8Words);
  const signed = new Int8Array(groups.buffer);
  const floats = new Float32Array(groups.buffer);
  const sums = new Int32Array(groups.buffer);
  const values = new Float64Array(x.length);
  for (let g = 0; g < x.length / 32; g++) {
    const group = x.subarray(32 * g, 32 * g + 32);
    const largest = group.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const d = Math.fround(largest / 32512);
    const inverse = largest > 0 ? Math.fround(32512 / largest) : 0;
    const first = g * q8Words;
    group.forEach((value, i) => {
      const q = roundEven(Math.fround(value * inverse));
      signed[4 * first + i] = (q + 128) >> 8;
      signed[4 * first + 32 + i] = q; // its lower eight bits
      values[32 * g + i] = d * q;
      sums[first + 17 + (i >> 4)] += q;
    });
    floats[first + 16] = d;
  }
  const words = new Uint32Array(groups.length);
  eachQuad(words.length, columns, (grouped, placed) => {
    words.set(groups.subarray(grouped, grouped + 4), placed);
  });
  return { words, groups, values };
}

/** Calls with the first of every four words: where they are group by group, and where kernels have them. */
function eachQuad(words: number, columns: number, call: (grouped: number, placed: number) => void): void {
  const groups = columns / 32;
  for (let quad = 0; quad < words / 4; quad++) {
    const part = quad % 5, group = Math.floor(quad / 5);
    const row = Math.floor(group / groups);
    call(4 * quad, 4 * ((row * 5 + part) * groups + group % groups));
  }
}

/** Activations as kernels have them, with the words of each group together. */
export function groupsOfQ8(words: Uint32Array<ArrayBuffer>, columns: number): Uint32Array<ArrayBuffer> {
  const groups = new Uint32Array(words.length);
  eachQuad(words.length, columns, (grouped, placed) => {
    groups.set(words.subarray(placed, placed + 4), grouped);
  });
  return groups;
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** y [T, N] = W [N, K] · x [T, K]. */
export function product(w: ArrayLike<number>, x: ArrayLike<number>, n: number, k: number): Float64Array {
  const t = x.length / k;
  const y = new Float64Array(t * n);
  for (let token = 0; token < t; token++) {
    for (let row = 0; row < n; row++) {
      let sum = 0;
      for (let i = 0; i < k; i++) sum += w[row * k + i] * x[token * k + i];
      y[token * n + row] = sum;
    }
  }
  return y;
}

const gates: Record<string, (gate: number, up: number) => number> = {
  silu: (gate, up) => gate / (1 + Math.exp(-gate)) * up,
  gelu: (gate, up) =>
    0.5 * gate * (1 + Math.tanh(0.7978845608028654 * gate * (1 + 0.044715 * gate ** 2))) * up,
  swiglu_oai: (gate, up) => {
    const g = Math.min(gate, 7);
    return g / (1 + Math.exp(-1.702 * g)) * (Math.min(Math.max(up, -7), 7) + 1);
  },
};

/** y [T, N] with gate and up in alternate columns -> [T, N / 2]. */
export function gated(y: Float64Array, glu: string): Float64Array {
  return Float64Array.from({ length: y.length / 2 }, (_, i) => gates[glu](y[2 * i], y[2 * i + 1]));
}

/** The values of q8 activations as a kernel wrote them. */
export function valuesOfQ8(bytes: Uint8Array<ArrayBuffer>, columns: number): Float64Array {
  const groups = groupsOfQ8(new Uint32Array(bytes.buffer), columns);
  const signed = new Int8Array(groups.buffer);
  const floats = new Float32Array(groups.buffer);
  const values = new Float64Array(groups.length / q8Words * 32);
  values.forEach((_, i) => {
    const first = Math.floor(i / 32) * q8Words;
    values[i] = floats[first + 16] * q8Value(signed, first, i % 32);
  });
  return values;
}

/** Value i of the group whose first word is given: 256 coarse + fine. */
export function q8Value(signed: Int8Array, firstWord: number, i: number): number {
  return 256 * signed[4 * firstWord + i] + signed[4 * firstWord + 32 + i];
}

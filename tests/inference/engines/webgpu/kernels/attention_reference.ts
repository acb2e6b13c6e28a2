/** Attention in double precision, as the papers have it: the truth that the kernels are compared with. */

export interface ReferenceAttention {
  heads: number;
  kvHeads: number;
  headSize: number;
  rotated: number;
  neox: boolean;
  scale: number;
  window: number;
  softcap: number;
  epsilon: number;
  queryNorm?: Float32Array;
  keyNorm?: Float32Array;
  sinks?: Float32Array;
  /** [positions, rotated / 2] cosine and sine. */
  turns: Float32Array;
}

/** Outputs [T, heads · headSize] of all tokens of one sequence, from their projections [T, (heads + 2 kvHeads) · headSize]. */
export function referenceAttention(qkv: Float32Array, shape: ReferenceAttention): Float64Array {
  const { heads, kvHeads, headSize } = shape;
  const width = (heads + 2 * kvHeads) * headSize;
  const tokens = qkv.length / width;
  const rows = Array.from({ length: tokens }, (_, position) => rotatedRow(qkv, position, width, shape));
  const out = new Float64Array(tokens * heads * headSize);
  for (let position = 0; position < tokens; position++) {
    for (let head = 0; head < heads; head++) {
      const kvHead = Math.floor(head / (heads / kvHeads));
      const from = shape.window > 0 ? Math.max(0, position - shape.window + 1) : 0;
      const query = rows[position][head];
      const scores: number[] = [];
      for (let key = from; key <= position; key++) {
        const score = dot(query, rows[key][heads + kvHead]) * shape.scale;
        scores.push(shape.softcap > 0 ? shape.softcap * Math.tanh(score / shape.softcap) : score);
      }
      const sink = shape.sinks?.[head];
      const peak = Math.max(...scores, sink ?? -Infinity);
      const weights = scores.map((score) => Math.exp(score - peak));
      const total = weights.reduce((a, b) => a + b, sink === undefined ? 0 : Math.exp(sink - peak));
      for (let i = 0; i < headSize; i++) {
        let sum = 0;
        weights.forEach((weight, j) => sum += weight * rows[from + j][heads + kvHeads + kvHead][i]);
        out[(position * heads + head) * headSize + i] = sum / total;
      }
    }
  }
  return out;
}

function rotatedRow(
  qkv: Float32Array,
  position: number,
  width: number,
  shape: ReferenceAttention,
): Float64Array[] {
  const { heads, kvHeads, headSize, queryNorm, keyNorm } = shape;
  return Array.from({ length: heads + 2 * kvHeads }, (_, head) => {
    const values = Float64Array.from({ length: headSize }, (_, i) => {
      return qkv[position * width + head * headSize + i];
    });
    if (head >= heads + kvHeads) return values;
    const norm = head < heads ? queryNorm : keyNorm;
    if (norm) {
      const square = dot(values, values) / headSize;
      values.forEach((value, i) => values[i] = value / Math.sqrt(square + shape.epsilon) * norm[i]);
    }
    return turned(values, position, shape);
  });
}

function turned(values: Float64Array, position: number, { rotated, neox, turns }: ReferenceAttention) {
  const out = values.slice();
  for (let i = 0; i < rotated / 2; i++) {
    const [a, b] = neox ? [i, i + rotated / 2] : [2 * i, 2 * i + 1];
    const [cos, sin] = [turns[position * rotated + 2 * i], turns[position * rotated + 2 * i + 1]];
    out[a] = values[a] * cos - values[b] * sin;
    out[b] = values[a] * sin + values[b] * cos;
  }
  return out;
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

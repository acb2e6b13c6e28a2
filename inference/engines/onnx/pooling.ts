/** From the vectors of tokens to one of the text. */
import type { Pooling } from "../engine.ts";

/**
 * `values` is [B, N, E], padded behind each text's `lengths[b]` tokens, or [B, E] when the graph pooled already.
 * Gives B vectors of length E, not normalised.
 */
export function pooled(
  values: Float32Array,
  dims: number[],
  lengths: number[],
  pooling: Pooling,
): Float32Array[] {
  const width = dims.at(-1)!;
  if (dims.length === 2) return lengths.map((_, i) => values.slice(i * width, (i + 1) * width));
  return lengths.map((length, i) => {
    const start = i * dims[1] * width;
    const at = (position: number) => values.slice(start + position * width, start + (position + 1) * width);
    if (pooling === "cls") return at(0);
    if (pooling === "last" || pooling === "none") return at(length - 1);
    const mean = new Float32Array(width);
    for (let position = 0; position < length; position++) {
      const row = start + position * width;
      for (let e = 0; e < width; e++) mean[e] += values[row + e];
    }
    return mean.map((sum) => sum / length);
  });
}

/**
 * Rotary position embedding: how fast each pair of a head's elements turns, and the table of cosines and sines
 * by position. Computed here in double precision, since WGSL's sine loses digits at large angles.
 *
 * Sources: RoFormer (arXiv 2104.09864), YaRN (arXiv 2309.00071); what llama.cpp makes of the metadata.
 */

/** "norm" turns the elements 2i and 2i+1 together, "neox" i and i + dimensions/2. */
export type RopeStyle = "norm" | "neox";

export interface Rope {
  style: RopeStyle;
  /** Elements of a head that turn; the rest pass unchanged. Even. */
  dimensions: number;
  /** The angle of pair i at position p is p · base^(-2i / dimensions). */
  base: number;
  /** "linear" divides every angle by `factor`; "yarn" leaves the fast pairs as they are. */
  scaling: "linear" | "yarn";
  factor: number;
  /** Positions that the model was first trained for: where yarn's ramp lies. */
  originalContext: number;
  betaFast: number;
  betaSlow: number;
  /** Factor on cosine and sine, beside yarn's own. */
  magnitude: number;
  /** Name of the tensor with a divisor for each pair's angle. */
  factors?: string;
}

/** Radians a position by pair; `divisors` are the values of `rope.factors`. */
export function ropeFrequencies(rope: Rope, divisors?: ArrayLike<number>): Float64Array {
  const { dimensions, base, factor, scaling } = rope;
  const frequencies = new Float64Array(dimensions / 2);
  const [low, high] = yarnRamp(rope);
  for (let i = 0; i < frequencies.length; i++) {
    const plain = base ** (-2 * i / dimensions) / (divisors?.[i] ?? 1);
    const kept = scaling === "yarn"
      ? 1 - Math.min(1, Math.max(0, (i - low) / Math.max(0.001, high - low)))
      : 0;
    frequencies[i] = plain * (kept + (1 - kept) / factor);
  }
  return frequencies;
}

/** The factor on cosine and sine: yarn makes attention a little sharper. */
export function ropeMagnitude({ scaling, factor, magnitude }: Rope): number {
  return scaling === "yarn" && factor > 1 ? magnitude * (1 + 0.1 * Math.log(factor)) : magnitude;
}

/** Pairs below the first turn as trained, those above the second are interpolated. */
function yarnRamp({ dimensions, base, originalContext, betaFast, betaSlow }: Rope): [number, number] {
  const pairOfTurns = (turns: number) =>
    dimensions * Math.log(originalContext / (turns * 2 * Math.PI)) / (2 * Math.log(base));
  return [
    Math.max(0, Math.floor(pairOfTurns(betaFast))),
    Math.min(dimensions - 1, Math.ceil(pairOfTurns(betaSlow))),
  ];
}

/** Cosine and sine, interleaved, as [positions, dimensions/2, 2]. */
export function ropeTable(
  rope: Rope,
  positions: number,
  divisors?: ArrayLike<number>,
): Float32Array<ArrayBuffer> {
  const frequencies = ropeFrequencies(rope, divisors);
  const magnitude = ropeMagnitude(rope);
  const table = new Float32Array(positions * rope.dimensions);
  let at = 0;
  for (let position = 0; position < positions; position++) {
    for (const frequency of frequencies) {
      const angle = position * frequency;
      table[at++] = Math.cos(angle) * magnitude;
      table[at++] = Math.sin(angle) * magnitude;
    }
  }
  return table;
}

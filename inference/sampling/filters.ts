/**
 * The steps that narrow candidates down or reshape them, each as llama.cpp defines it (llama-sampler.cpp).
 * `minKeep` candidates stay whatever a filter says.
 */
import { type Candidates, descendingOrder } from "./candidates.ts";

/**
 * The least logit that top-n-sigma keeps: the greatest less `n` standard deviations of all finite logits.
 * -Infinity when `n` <= 0 (off). Paper: arXiv 2411.07641.
 */
export function topNSigmaFloor(row: Float32Array, n: number): number {
  if (!(n > 0)) return -Infinity;
  let most = -Infinity, sum = 0, count = 0;
  for (const logit of row) {
    if (!(logit > -Infinity)) continue;
    if (logit > most) most = logit;
    sum += logit;
    count++;
  }
  if (count === 0) return -Infinity;
  const mean = sum / count;
  let squares = 0;
  for (const logit of row) if (logit > -Infinity) squares += (logit - mean) ** 2;
  return Math.fround(most - n * Math.sqrt(squares / count));
}

/** Keeps the tokens whose surprise is nearest the expected one, up to a mass of `p`. Paper: arXiv 2202.00666. */
export function typical(candidates: Candidates, p: number, minKeep: number): void {
  if (p >= 1) return;
  candidates.softmax();
  const { probabilities, size } = candidates;
  let entropy = 0;
  for (let i = 0; i < size; i++) {
    if (probabilities[i] > 0) entropy -= probabilities[i] * Math.log(probabilities[i]);
  }
  const nearness = new Float32Array(size);
  for (let i = 0; i < size; i++) nearness[i] = -Math.abs(-Math.log(probabilities[i]) - entropy);
  const order = descendingOrder(nearness, size);
  let kept = 0, mass = 0;
  while (kept < size) {
    mass += probabilities[order[kept++]];
    if (mass > p && kept >= minKeep) break;
  }
  candidates.arrange(order.subarray(0, kept));
}

/** Keeps the most likely tokens up to a mass of `p`. Paper: arXiv 1904.09751. */
export function topP(candidates: Candidates, p: number, minKeep: number): void {
  if (p >= 1) return;
  const certain = candidates.softmax();
  if (!candidates.sorted) {
    // Sorting a whole vocabulary costs more than all the rest: first drop what cannot be kept.
    if (candidates.size > fewToSort) candidates.keepAbove(massFloor(candidates, p, minKeep));
    candidates.sort();
  }
  let kept = 0, mass = 0;
  while (kept < candidates.size) {
    mass += Math.exp(candidates.logits[kept++] - certain);
    if (mass >= p && kept >= minKeep) break;
  }
  candidates.size = kept;
}

const fewToSort = 1024;
const bucketsPerNat = 8;
const buckets = 64 * bucketsPerNat;

/** A logit from which on there are at least a mass of `p` and `minKeep` candidates, and few more. */
function massFloor(candidates: Candidates, p: number, minKeep: number): number {
  const { logits, probabilities, size } = candidates;
  const most = candidates.maximum();
  const masses = new Float64Array(buckets), counts = new Uint32Array(buckets);
  for (let i = 0; i < size; i++) {
    const bucket = Math.min(buckets - 1, Math.trunc((most - logits[i]) * bucketsPerNat));
    masses[bucket] += probabilities[i];
    counts[bucket]++;
  }
  let mass = 0, count = 0;
  // A little more mass than asked for: the sums here and there round differently.
  for (let bucket = 0; bucket < buckets - 1; bucket++) {
    mass += masses[bucket];
    count += counts[bucket];
    if (mass >= p + 1e-9 && count >= minKeep) return most - (bucket + 1) / bucketsPerNat;
  }
  return -Infinity;
}

/** Keeps tokens that are at least `p` times as likely as the likeliest. Paper: arXiv 2407.01082. */
export function minP(candidates: Candidates, p: number, minKeep: number): void {
  if (p <= 0 || candidates.size === 0) return;
  const floor = Math.fround(candidates.maximum() + Math.log(p));
  let above = 0;
  for (let i = 0; i < candidates.size; i++) if (candidates.logits[i] >= floor) above++;
  if (above >= minKeep) return candidates.keepAbove(floor);
  if (!candidates.sorted) candidates.sort();
  candidates.size = Math.min(candidates.size, minKeep);
}

export interface Xtc {
  probability: number;
  threshold: number;
  minKeep: number;
}

/**
 * Exclude top choices: with the given probability, drops all tokens of at least `threshold` but the least
 * likely of them. `random` is asked only when the step is on.
 */
export function xtc(
  candidates: Candidates,
  { probability, threshold, minKeep }: Xtc,
  random: () => number,
): void {
  if (probability <= 0 || threshold > 0.5 || candidates.size < 2) return;
  if (random() > probability) return;
  if (!candidates.sorted) candidates.sort();
  candidates.softmax();
  let last = 0;
  while (last + 1 < candidates.size && candidates.probabilities[last + 1] >= threshold) last++;
  if (candidates.probabilities[0] < threshold || last === 0) return;
  if (candidates.size - last >= minKeep) candidates.dropFirst(last);
}

export interface Temperature {
  temperature: number;
  /** The temperature varies by entropy within ± range. 0 = constant. */
  range: number;
  exponent: number;
}

/** Divides the logits by the temperature; at 0 only the likeliest remains. */
export function temper(candidates: Candidates, { temperature, range, exponent }: Temperature): void {
  if (range > 0) {
    if (candidates.size <= 1) return;
    const least = Math.max(0, temperature - range), most = temperature + range;
    const certainty = relativeEntropy(candidates) ** exponent;
    divide(candidates, least + (most - least) * certainty);
  } else divide(candidates, temperature);
}

/** Entropy of the candidates as a part of what equal chances would have, 0 to 1. */
function relativeEntropy(candidates: Candidates): number {
  candidates.softmax();
  let entropy = 0;
  for (let i = 0; i < candidates.size; i++) {
    const probability = candidates.probabilities[i];
    if (probability > 0) entropy -= probability * Math.log(probability);
  }
  return entropy / Math.log(candidates.size);
}

function divide(candidates: Candidates, temperature: number): void {
  if (temperature <= 0) {
    if (!candidates.sorted) candidates.sort();
    candidates.size = Math.min(1, candidates.size);
    return;
  }
  for (let i = 0; i < candidates.size; i++) candidates.logits[i] /= temperature;
}

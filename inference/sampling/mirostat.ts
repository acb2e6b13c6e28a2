/**
 * Mirostat: keeps the surprise of the text near a target by adjusting how much of the tail is cut.
 * Paper: arXiv 2007.14966; details as in llama.cpp.
 */
import type { Candidates } from "./candidates.ts";

export interface MirostatSettings {
  version: 1 | 2;
  /** Target surprise in bits. */
  tau: number;
  /** Learning rate. */
  eta: number;
}

/** Tokens from which version 1 estimates the distribution's exponent. */
const estimated = 100;

export class Mirostat {
  readonly #settings: MirostatSettings;
  /** The greatest surprise allowed, in bits. */
  #mu: number;

  constructor(settings: MirostatSettings) {
    this.#settings = settings;
    this.#mu = 2 * settings.tau;
  }

  /** Fills the candidates from a row whose logits are divided by the temperature already. */
  select(candidates: Candidates, row: Float32Array): void {
    if (this.#settings.version === 1) this.#selectByRank(candidates, row);
    else this.#selectBySurprise(candidates, row);
    candidates.softmax();
  }

  /** Learns from the token that was chosen. */
  observe(probability: number): void {
    const { tau, eta } = this.#settings;
    this.#mu -= eta * (-Math.log2(probability) - tau);
  }

  #selectByRank(candidates: Candidates, row: Float32Array): void {
    candidates.selectTop(row, estimated);
    let products = 0, squares = 0;
    for (let i = 0; i < Math.min(estimated, candidates.size) - 1; i++) {
      const t = Math.log((i + 2) / (i + 1));
      // ln(p[i] / p[i + 1])
      products += t * (candidates.logits[i] - candidates.logits[i + 1]);
      squares += t * t;
    }
    const s = products / squares;
    const epsilon = s - 1;
    const k = (epsilon * 2 ** this.#mu / (1 - row.length ** -epsilon)) ** (1 / s);
    const count = Number.isFinite(k) ? Math.max(1, Math.trunc(k)) : row.length;
    if (count > candidates.size) candidates.selectTop(row, Math.min(count, row.length));
    candidates.size = Math.min(candidates.size, count);
  }

  #selectBySurprise(candidates: Candidates, row: Float32Array): void {
    candidates.collect(row);
    const most = candidates.maximum();
    let sum = 0;
    for (let i = 0; i < candidates.size; i++) sum += Math.exp(candidates.logits[i] - most);
    // -log2(p) <= mu, as a bound on the logit; the likeliest token always stays.
    const floor = most + Math.log(sum) - this.#mu * Math.LN2;
    candidates.keepAbove(Math.min(floor, most));
  }
}

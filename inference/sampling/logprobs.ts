/** Natural-log probabilities of a row of logits as the model gave it. */
import { Candidates } from "./candidates.ts";
import type { SampledToken } from "./options.ts";

/** Taken before anything changes the row. */
export class LogprobReport {
  /** The most likely tokens, best first. */
  readonly top: NonNullable<SampledToken["top"]>;
  readonly #logits: Float32Array;
  readonly #normaliser: number;

  constructor(row: Float32Array, count: number) {
    this.#logits = row.slice();
    this.#normaliser = logSumExp(row);
    const candidates = new Candidates();
    if (count > 0) candidates.selectTop(row, Math.min(count, row.length));
    this.top = Array.from(candidates.tokens.subarray(0, candidates.size), (token) => ({
      token,
      logprob: this.of(token),
    }));
  }

  of(token: number): number {
    return this.#logits[token] - this.#normaliser;
  }
}

/** ln of the sum of exp of all logits: a token's log probability is its logit less this. */
export function logSumExp(row: Float32Array): number {
  let most = -Infinity;
  for (let i = 0; i < row.length; i++) if (row[i] > most) most = row[i];
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += Math.exp(row[i] - most);
  return most + Math.log(sum);
}

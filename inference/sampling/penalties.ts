/** Penalties on tokens that have occurred lately. */
import { TokenHistory } from "./history.ts";

export interface PenaltySettings {
  /** Tokens looked back at; at least 1. */
  lastN: number;
  /** Divides positive logits and multiplies negative ones; 1 = off. */
  repeat: number;
  /** Taken off once for each occurrence. */
  frequency: number;
  /** Taken off once. */
  presence: number;
}

export class Penalties {
  readonly #settings: PenaltySettings;
  readonly #history: TokenHistory;
  readonly #counts = new Map<number, number>();

  constructor(settings: PenaltySettings) {
    this.#settings = settings;
    this.#history = new TokenHistory(settings.lastN);
  }

  observe(token: number): void {
    const forgotten = this.#history.push(token);
    this.#counts.set(token, (this.#counts.get(token) ?? 0) + 1);
    if (forgotten === undefined) return;
    const left = this.#counts.get(forgotten)! - 1;
    if (left === 0) this.#counts.delete(forgotten);
    else this.#counts.set(forgotten, left);
  }

  /** Penalises in the row of logits. */
  apply(row: Float32Array): void {
    const { repeat, frequency, presence } = this.#settings;
    for (const [token, count] of this.#counts) {
      const logit = row[token];
      row[token] = (logit <= 0 ? logit * repeat : logit / repeat) - count * frequency - presence;
    }
  }
}

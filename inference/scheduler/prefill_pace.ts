/**
 * How many prompt tokens a step may compute. Alone, a prompt goes in pieces just short enough that a
 * cancellation is noticed soon; beside running answers, in pieces that delay their next token only a little.
 */

/** The backend's own block of computation: larger steps are not faster. */
const fullStep = 512;
const smallestStep = 32;
/** Longest a step may take while others wait for their next token, in milliseconds. */
const targetMs = 120;

export class PrefillPace {
  readonly #most: number;
  #msPerToken = 0;

  constructor(maxBatchTokens: number) {
    this.#most = Math.min(fullStep, maxBatchTokens);
  }

  /** Prompt tokens of the next step when `decoding` answers are part of it. */
  budget(decoding: number): number {
    const room = Math.max(1, this.#most - decoding);
    if (decoding === 0) return room;
    const affordable = this.#msPerToken > 0 ? Math.floor(targetMs / this.#msPerToken) : smallestStep * 4;
    return Math.min(room, Math.max(smallestStep, affordable));
  }

  /** Learns from a step that computed `tokens` prompt tokens. */
  observe(tokens: number, ms: number): void {
    if (tokens < smallestStep) return;
    const sample = ms / tokens;
    this.#msPerToken = this.#msPerToken === 0 ? sample : this.#msPerToken * 0.7 + sample * 0.3;
  }
}

/**
 * Cuts a text before the first stop string, wherever the text was cut on its way: the same stop is found at
 * every split, because the match that completes first wins (of those that complete together, the longest).
 */
export class StopFilter {
  readonly #stops: string[];
  readonly #longest: number;
  #held = "";

  /** Empty strings are ignored. */
  constructor(stops: string[]) {
    this.#stops = stops.filter((stop) => stop.length > 0);
    this.#longest = Math.max(0, ...this.#stops.map((stop) => stop.length));
  }

  /** The text that is safe to show, and the stop string when one was met (then nothing more must be pushed). */
  push(text: string): { text: string; stop?: string } {
    if (this.#longest === 0 || (text.length === 0 && this.#held.length === 0)) return { text };
    const all = this.#held + text;
    const match = this.#firstMatch(all);
    if (match) {
      this.#held = "";
      return { text: all.slice(0, match.from), stop: match.stop };
    }
    const keep = this.#possibleStart(all);
    this.#held = all.slice(keep);
    return { text: all.slice(0, keep) };
  }

  /** What was withheld, when the text ends without a stop string. */
  end(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }

  #firstMatch(text: string): { from: number; stop: string } | undefined {
    let best: { from: number; stop: string } | undefined;
    for (const stop of this.#stops) {
      const from = text.indexOf(stop);
      if (from < 0) continue;
      const end = from + stop.length;
      const bestEnd = best ? best.from + best.stop.length : Infinity;
      if (end < bestEnd || (end === bestEnd && from < best!.from)) best = { from, stop };
    }
    return best;
  }

  /** From where on the text could still become a stop string; its length when nowhere. */
  #possibleStart(text: string): number {
    for (let from = Math.max(0, text.length - this.#longest + 1); from < text.length; from++) {
      const length = text.length - from;
      for (const stop of this.#stops) {
        if (stop.length > length && text.endsWith(stop.slice(0, length))) return from;
      }
    }
    return text.length;
  }
}

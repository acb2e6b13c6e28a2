/**
 * DRY ("don't repeat yourself"): a token that would prolong a repetition of earlier text is penalised, the
 * more the longer the repetition. Sequence breakers end what counts as a repetition. By p-e-w:
 * https://github.com/oobabooga/text-generation-webui/pull/5677; details as in llama.cpp.
 */
import { TokenHistory } from "./history.ts";

export interface DrySettings {
  /** 0 = off. */
  multiplier: number;
  base: number;
  /** Repetitions up to this length cost nothing. */
  allowedLength: number;
  /** Tokens looked back at; at least 1. */
  lastN: number;
}

/**
 * The ways in which a breaker's text can stand in tokens: by the token in which it begins, the tokens that
 * must follow; an empty list where the token holds all of it.
 */
export type Breakers = ReadonlyMap<number, readonly (readonly number[])[]>;

const longestBreaker = 40;
const longestTail = 20;
/** ln of the greatest 32-bit float: powers of the base stay below it. */
const greatestLog = 88.7228391;

/** Finds the breakers' texts in a vocabulary. Looks at every token: keep the result. */
export function findBreakers(
  texts: readonly string[],
  vocabulary: {
    vocabularySize: number;
    tokenText(token: number): string;
    tokenize(text: string): ArrayLike<number>;
  },
): Breakers {
  const found = new Map<number, number[][]>();
  const breakers = texts.map((text) => text.slice(0, longestBreaker)).filter((text) => text !== "");
  if (breakers.length === 0) return found;
  for (let token = 0; token < vocabulary.vocabularySize; token++) {
    const word = vocabulary.tokenText(token);
    for (const breaker of breakers) {
      for (const rest of remainders(word, breaker)) {
        const tail = rest === "" ? [] : Array.from(vocabulary.tokenize(rest)).slice(0, longestTail);
        const tails = found.get(token) ?? [];
        if (!tails.some((known) => String(known) === String(tail))) tails.push(tail);
        found.set(token, tails);
      }
    }
  }
  return found;
}

/** What of the breaker must still follow after `word`, for each way in which it can begin there. */
function remainders(word: string, breaker: string): string[] {
  if (word.includes(breaker)) return [""];
  const rests: string[] = [];
  for (let at = word.indexOf(breaker[0]); at >= 0; at = word.indexOf(breaker[0], at + 1)) {
    const part = word.slice(at);
    if (breaker.startsWith(part)) rests.push(breaker.slice(part.length));
  }
  return rests;
}

export class Dry {
  readonly #settings: DrySettings;
  readonly #breakers: Breakers;
  readonly #history: TokenHistory;

  constructor(settings: DrySettings, breakers: Breakers) {
    this.#settings = settings;
    this.#breakers = breakers;
    this.#history = new TokenHistory(settings.lastN);
  }

  observe(token: number): void {
    this.#history.push(token);
  }

  /** Penalises in the row of logits. */
  apply(row: Float32Array): void {
    const { multiplier, base, allowedLength } = this.#settings;
    if (this.#history.size <= allowedLength) return;
    const recent = this.#history.newestFirst();
    const limit = untilBreaker(recent, this.#breakers);
    if (limit < allowedLength) return;
    const longest = prolonged(recent, limit, allowedLength);
    const greatest = base > 1.000001 ? Math.trunc(greatestLog / Math.log(base)) : 0;
    for (const [token, length] of longest) {
      if (this.#breakers.get(token)?.some((tail) => tail.length === 0)) continue;
      const exponent = length - allowedLength;
      row[token] -= multiplier * base ** (greatest > 0 ? Math.min(exponent, greatest) : exponent);
    }
  }
}

/** Tokens since the last breaker. */
function untilBreaker(recent: Int32Array, breakers: Breakers): number {
  for (let i = 0; i < recent.length; i++) {
    let longest = -1;
    for (const tail of breakers.get(recent[i]) ?? []) {
      const fits = tail.length <= i && tail.every((token, k) => token === recent[i - k - 1]);
      if (fits && tail.length > longest) longest = tail.length;
    }
    if (longest >= 0) return i - longest;
  }
  return recent.length;
}

/**
 * By token, the longest repetition (up to `limit`) that it would prolong: the newest tokens stand somewhere
 * earlier too, and this token came after them there.
 */
function prolonged(recent: Int32Array, limit: number, allowedLength: number): Map<number, number> {
  const longest = new Map<number, number>();
  const lengths = commonPrefixes(recent);
  for (let k = 1; k < recent.length; k++) {
    const length = Math.min(lengths[k], limit);
    const token = recent[k - 1];
    if (length >= allowedLength && length > (longest.get(token) ?? -1)) longest.set(token, length);
  }
  return longest;
}

/** How many tokens from k on equal those from 0 on, for every k (the Z-algorithm, linear). */
function commonPrefixes(tokens: Int32Array): Int32Array {
  const lengths = new Int32Array(tokens.length);
  let left = 0, right = 0;
  for (let k = 1; k < tokens.length; k++) {
    let length = k < right ? Math.min(right - k, lengths[k - left]) : 0;
    while (k + length < tokens.length && tokens[length] === tokens[k + length]) length++;
    lengths[k] = length;
    if (k + length > right) [left, right] = [k, k + length];
  }
  return lengths;
}

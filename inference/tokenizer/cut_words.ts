/**
 * Hand-written cutters for the pre-tokenizers that most models use. Each is the leftmost-first regular
 * expression in its comment, without backtracking; kinds are those of `Characters`.
 */
import type { Characters } from "./characters.ts";
import type { Cutter } from "./split.ts";
import { category, isHan } from "./unicode.ts";

const { letter, number, mark, space } = category;
const lineFeed = 10, carriageReturn = 13, blank = 0x20, apostrophe = 0x27, slash = 0x2f;

function isNewline(code: number): boolean {
  return code === lineFeed || code === carriageReturn;
}

/** Length of 's 't 'm 'd 're 've 'll at `at`, else 0. `caseBit` 0x20 takes capitals too. */
function contraction(codes: Int32Array, at: number, end: number, caseBit: number): number {
  if (at + 1 >= end || codes[at] !== apostrophe) return 0;
  const first = codes[at + 1] | caseBit;
  if (first > 0x7f) return 0;
  const one = String.fromCharCode(first);
  if (one === "s" || one === "t" || one === "m" || one === "d") return 2;
  if (at + 2 >= end) return 0;
  const second = codes[at + 2] | caseBit;
  if (second > 0x7f) return 0;
  const two = one + String.fromCharCode(second);
  return two === "re" || two === "ve" || two === "ll" ? 3 : 0;
}

/** The end of the run of kinds in `mask` that starts at `at`. */
function runEnd(kinds: Uint8Array, at: number, end: number, mask: number): number {
  while (at < end && (kinds[at] & mask) !== 0) at++;
  return at;
}

/** White space: all of it, but for the last one when something follows, which goes to the next word. */
function spaceEnd(kinds: Uint8Array, at: number, end: number): number {
  const after = runEnd(kinds, at, end, space);
  return after < end && after - at > 1 ? after - 1 : after;
}

/** 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ (GPT-2) */
export const cutGpt2: Cutter = ({ codes, kinds }, start, end, ends) => {
  for (let i = start; i < end; ends.push(i)) {
    const short = contraction(codes, i, end, 0);
    if (short > 0) {
      i += short;
      continue;
    }
    const first = codes[i] === blank && i + 1 < end ? i + 1 : i;
    const kind = kinds[first];
    if (kind === space) i = spaceEnd(kinds, i, end);
    else i = runEnd(kinds, first, end, kind & (letter | number) || ~(letter | number | space));
  }
};

export interface WordRules {
  /** 's 'LL and the like: cut off first, kept at the end of the word they follow, or nothing special. */
  contractions: "first" | "suffix" | "none";
  /** Most digits in one piece. */
  digits: number;
  /** Combining marks (\p{M}) belong to words; "only": and are no punctuation either. */
  marks?: "too" | "only";
  /** A word ends where a capital follows a small letter (ASCII only); other letters are both. */
  cased?: boolean;
  /** What may follow punctuation in its piece; default newlines. */
  tail?: "newlines" | "newlines and slashes" | "nothing";
  /** Ideographs are words of their own. */
  han?: boolean;
}

/**
 * The family of Llama 3, Qwen 2, Tekken and GPT-4o:
 *
 *     (?i:'s|'t|'re|'ve|'m|'ll|'d)          with contractions "first"
 *     [^\r\n\p{L}\p{N}]?\p{L}+              cased: …?U*L+…|…?U+L*…, suffix: then an optional contraction
 *     \p{N}{1,digits}
 *      ?[^\s\p{L}\p{N}]+[\r\n]*             tail: [\r\n/]* or nothing
 *     \s*[\r\n]+|\s+(?!\S)|\s+
 *
 * With `marks` letters are [\p{L}\p{M}].
 */
export function cutWords(rules: WordRules): Cutter {
  const word = rules.cased ? casedEnd : plainEnd;
  const mask = rules.marks ? letter | mark : letter;
  return (text, start, end, ends) => {
    const { codes, kinds } = text;
    for (let i = start; i < end; ends.push(i)) {
      const short = rules.contractions === "first" ? contraction(codes, i, end, 0x20) : 0;
      if (short > 0) {
        i += short;
        continue;
      }
      if (rules.han && isHan(codes[i])) {
        while (i < end && isHan(codes[i])) i++;
        continue;
      }
      const after = word(text, i, end, mask, rules.han === true);
      if (after > i) {
        i = after + (rules.contractions === "suffix" ? contraction(codes, after, end, 0x20) : 0);
      } else if (kinds[i] === number) {
        i = runEnd(kinds, i, Math.min(end, i + rules.digits), number);
      } else i = otherEnd(text, i, end, rules);
    }
  };
}

/** The end of punctuation or white space at `at`. */
function otherEnd({ codes, kinds }: Characters, at: number, end: number, { tail, marks }: WordRules): number {
  const first = codes[at] === blank && at + 1 < end ? at + 1 : at;
  const words = letter | number | space | (marks === "only" ? mark : 0);
  if ((kinds[first] & words) === 0) {
    let i = runEnd(kinds, first, end, ~words);
    if (tail === "nothing") return i;
    const slashes = tail === "newlines and slashes";
    while (i < end && (isNewline(codes[i]) || (slashes && codes[i] === slash))) i++;
    return i;
  }
  const after = runEnd(kinds, at, end, space);
  for (let i = after; i > at; i--) if (isNewline(codes[i - 1])) return i;
  return after < end && after - at > 1 ? after - 1 : after;
}

/** [^\r\n\p{L}\p{N}]?\p{L}+: the word's end, or `at` where there is none. */
function plainEnd(text: Characters, at: number, end: number, mask: number, han: boolean): number {
  const { codes, kinds } = text;
  const isPart = (i: number) => i < end && (kinds[i] & mask) !== 0 && !(han && isHan(codes[i]));
  let i = at;
  if (!isPart(i)) {
    if (kinds[i] === number || kinds[i] === letter || isNewline(codes[i]) || !isPart(i + 1)) return at;
    i++;
  }
  while (isPart(i)) i++;
  return i;
}

/** The two alternatives of a cased word, each with and without the character before it, in their order. */
function casedEnd(text: Characters, at: number, end: number, mask: number): number {
  const { codes, kinds } = text;
  const prefix = (kinds[at] & (letter | number)) === 0 && !isNewline(codes[at]);
  if (prefix && at + 1 < end) {
    const after = smallEnd(text, at + 1, end, mask);
    if (after > at + 1) return after;
  }
  let after = smallEnd(text, at, end, mask);
  if (after > at) return after;
  if (prefix && at + 1 < end) {
    after = capitalEnd(text, at + 1, end, mask);
    if (after > at + 1) return after;
  }
  return capitalEnd(text, at, end, mask);
}

function isCapital(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}

function isSmall(code: number): boolean {
  return code >= 0x61 && code <= 0x7a;
}

/** U*L+ where ASCII letters are one or the other and all others both. */
function smallEnd({ codes, kinds }: Characters, at: number, end: number, mask: number): number {
  let i = at;
  while (i < end && (kinds[i] & mask) !== 0 && !isSmall(codes[i])) i++;
  if (i < end && (kinds[i] & mask) !== 0) {
    while (i < end && (kinds[i] & mask) !== 0 && !isCapital(codes[i])) i++;
    return i;
  }
  while (i > at && isCapital(codes[i - 1])) i--;
  return i;
}

/** U+L*, where U*L+ did not match: capitals only. */
function capitalEnd({ codes, kinds }: Characters, at: number, end: number, mask: number): number {
  return at < end && (kinds[at] & mask) !== 0 && isCapital(codes[at]) ? capitalRun(codes, at, end) : at;
}

function capitalRun(codes: Int32Array, at: number, end: number): number {
  while (at < end && isCapital(codes[at])) at++;
  return at;
}

/** Texts judged by a constraint, and texts made under one, token by token. */
import { compileConstraint } from "../../inference/sampling/grammar/mod.ts";
import type { CompiledConstraint, ConstraintSpec } from "../../inference/sampling/options.ts";
import type { Tokenizer } from "../../inference/tokenizer/tokenizer.ts";
import { byteVocabulary } from "./tiny_vocabulary.ts";

/** Bytes, `<|end|>` and some tokens of several characters. */
export const bytesAndMore: Tokenizer = byteVocabulary(
  '{"',
  '":',
  '": ',
  ', "',
  '"}',
  "}}",
  "]",
  "],",
  "true",
  "null",
  "  ",
  "\n  ",
  "ab",
  "name",
  "é",
  "日本",
  "\\n",
  "0.5",
  "12",
  '"a":1,"b',
  "<|tool|>",
);
const endToken = 256;

/** "complete", "partial" or "refused". */
export function judge(constraint: CompiledConstraint, text: string): string {
  const state = constraint.start(text);
  if (!state) return "refused";
  return state.allows(endToken) ? "complete" : "partial";
}

export function judgeSpec(spec: ConstraintSpec, text: string): string {
  return judge(compileConstraint(spec, bytesAndMore), text);
}

/** Numbers in [0, 1) that the seed decides (xorshift). */
export function seededRandom(seed: number): () => number {
  let state = (seed * 2654435761 >>> 0) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Ids of the set bits. */
export function tokensOf(mask: Uint32Array): number[] {
  const tokens: number[] = [];
  mask.forEach((word, i) => {
    for (let bit = 0; bit < 32; bit++) if (word >>> bit & 1) tokens.push(i * 32 + bit);
  });
  return tokens;
}

/** Characters that end something: chosen often, so that texts end. */
const closing = /^["\]},]/;

/** A text chosen at random among the allowed tokens; undefined when it has not ended after so many tokens. */
export function randomText(
  constraint: CompiledConstraint,
  tokenizer: Tokenizer,
  random: () => number,
  longest = 400,
): string | undefined {
  const state = constraint.start()!;
  const tokens: number[] = [];
  while (tokens.length < longest) {
    const allowed = tokensOf(state.mask());
    if (allowed.length === 0) throw new Error(`Nothing may follow ${tokenizer.decode(tokens)}`);
    const end = allowed.find((token) => tokenizer.isEndOfGeneration(token));
    if (end !== undefined && (random() < 0.4 || state.finished)) return tokenizer.decode(tokens);
    const closers = allowed.filter((token) =>
      closing.test(tokenizer.text(token)) || isByte(tokenizer, token, closing)
    );
    const pool = closers.length > 0 && random() < 0.3 ? closers : allowed.filter((token) => token !== end);
    const token = pool[Math.floor(random() * pool.length)];
    state.accept(token);
    tokens.push(token);
  }
  return undefined;
}

function isByte(tokenizer: Tokenizer, token: number, pattern: RegExp): boolean {
  const bytes = tokenizer.bytes(token);
  return bytes.length === 1 && pattern.test(String.fromCharCode(bytes[0]));
}

/**
 * What tokenizers need to know of characters: categories, white space, lower case and base letters, all of
 * the pinned Unicode version of `unicode_table.ts`.
 */
import { categoryRuns } from "./unicode_table.ts";

/** One bit a category, so that sets of them are masks. */
export const category = {
  unassigned: 1,
  number: 2,
  letter: 4,
  /** White_Space: the separators, U+0009 to U+000D and U+0085; not U+FEFF, other than JavaScript's \s. */
  space: 8,
  mark: 16,
  punctuation: 32,
  symbol: 64,
  other: 128,
} as const;

const codePoints = 0x110000;
const bits: Record<string, number> = { U: 1, N: 2, L: 4, Z: 8, M: 16, P: 32, S: 64, C: 128 };

let table: Uint8Array | undefined;

/** The category bit of every code point; made at the first call (1.1 MB, some milliseconds). */
export function categories(): Uint8Array {
  if (table) return table;
  table = new Uint8Array(codePoints);
  let start = 0;
  for (const [, letter, length] of categoryRuns.matchAll(/([A-Z])([0-9a-z]*)/g)) {
    const end = start + (length === "" ? 1 : parseInt(length, 36));
    table.fill(bits[letter], start, end);
    start = end;
  }
  for (const control of [9, 10, 11, 12, 13, 0x85]) table[control] = category.space;
  return table;
}

/** The first code point of the lower-case form; characters newer than the pinned version keep theirs. */
export function lowerCase(codePoint: number): number {
  if (codePoint < 0x80) return codePoint >= 65 && codePoint <= 90 ? codePoint + 32 : codePoint;
  return firstOf(codePoint, String.fromCodePoint(codePoint).toLowerCase());
}

/** The first code point of the canonical decomposition: "é" gives "e". */
export function baseLetter(codePoint: number): number {
  if (codePoint < 0xc0) return codePoint;
  return firstOf(codePoint, String.fromCodePoint(codePoint).normalize("NFD"));
}

function firstOf(codePoint: number, mapped: string): number {
  const first = mapped.codePointAt(0)!;
  const known = categories();
  return known[codePoint] === category.unassigned || known[first] === category.unassigned ? codePoint : first;
}

/** Han ideographs as Kimi K2's tokenizer means them. */
export function isHan(c: number): boolean {
  return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x20000 && c <= 0x2a6df) ||
    (c >= 0x2a700 && c <= 0x2ebef) || (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

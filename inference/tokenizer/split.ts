/** Cutting a text into words: a pre-tokenizer is a list of cutters, each working on the pieces of the one before. */
import { Characters } from "./characters.ts";

/**
 * Cuts the code points [start, end) of a text and appends where each piece ends; the last entry is `end`.
 * It sees nothing outside of that range.
 */
export type Cutter = (text: Characters, start: number, end: number, ends: number[]) => void;

/** Calls `word` with the start and the end, in UTF-16 units, of every word of the text in order. */
export function splitWords(
  text: string,
  { cutters }: { cutters: readonly Cutter[] },
  word: (start: number, end: number) => void,
): void {
  const characters = new Characters(text);
  let ends = characters.length > 0 ? [characters.length] : [];
  for (const cut of cutters) {
    const pieces: number[] = [];
    let start = 0;
    for (const end of ends) {
      cut(characters, start, end, pieces);
      start = end;
    }
    ends = pieces;
  }
  let from = 0;
  for (const end of ends) {
    const to = characters.unit(end);
    word(from, to);
    from = to;
  }
}

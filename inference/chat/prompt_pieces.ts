/** Cuts a rendered prompt into pieces: where control tokens count, and where they are only text. */
import type { PromptPiece } from "./format.ts";
import { isMarked, mark, plain } from "./template/marks.ts";

/** The control tokens of a vocabulary, made ready for search. */
export interface ControlTokens {
  /** Characters that a token begins with. */
  starts: RegExp;
  /** Longest first. */
  lengths: number[];
  texts: Set<string>;
}

export function controlTokens(tokens: Iterable<string>): ControlTokens {
  const texts = new Set([...tokens].filter((token) => mark(token) !== token));
  const firsts = new Set(Array.from(texts, (token) => token[0]));
  const classes = Array.from(firsts, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return {
    starts: classes.length > 0 ? new RegExp(`[${classes.join("")}]`, "g") : /(?!)/g,
    lengths: [...new Set(Array.from(texts, (token) => token.length))].sort((a, b) => b - a),
    texts,
  };
}

/**
 * Pieces of a text with marks (template/marks.ts). A control token counts when the template wrote every
 * character of it. What stands between two such tokens stays in one piece, so that it is tokenised as one:
 * untrusted if a user wrote any of it.
 */
export function promptPieces(text: string, control: ControlTokens): PromptPiece[] {
  const pieces: PromptPiece[] = [];
  const add = (part: string, trusted: boolean) => {
    const last = pieces.at(-1);
    if (part === "") return;
    if (last?.trusted === trusted) last.text += plain(part);
    else pieces.push({ text: plain(part), trusted });
  };
  let start = 0;
  for (const [from, to] of tokenOccurrences(text, control)) {
    const between = text.slice(start, from);
    add(between, !isMarked(between));
    add(text.slice(from, to), true);
    start = to;
  }
  add(text.slice(start), !isMarked(text.slice(start)));
  return pieces;
}

/** Where control tokens stand in a text: half-open ranges. */
export function* tokenOccurrences(
  text: string,
  { starts, lengths, texts }: ControlTokens,
): Generator<[number, number]> {
  const search = new RegExp(starts);
  for (let hit = search.exec(text); hit; hit = search.exec(text)) {
    const length = lengths.find((n) => texts.has(text.slice(hit!.index, hit!.index + n)));
    if (length === undefined) continue;
    yield [hit.index, hit.index + length];
    search.lastIndex = hit.index + length;
  }
}

/** Cutters made of regular expressions: every match is a piece, and so is what lies between two matches. */
import type { Characters } from "./characters.ts";
import type { Cutter } from "./split.ts";

/**
 * Contents of character classes over `Characters.folded`: \p{L} and so on there, ASCII written out.
 */
export const folded = {
  N: "\u00d10-9",
  L: "\u00d2A-Za-z",
  P: "\u00d3!-#%-*,-/:-;?-@\\[-\\]_\\{\\}",
  M: "\u00d4",
  S: "\u00d5\\$\\+<->\\^`\\|~",
};

/** For a pattern over categories; write classes with `folded`. */
export function cutByCategories(pattern: string): Cutter {
  return cutter(new RegExp(pattern, "g"), (text) => text.folded);
}

/** For a pattern over the characters themselves; none above U+FFFF. */
export function cutByCharacters(pattern: string): Cutter {
  return cutter(new RegExp(pattern, "g"), (text) => text.flat);
}

function cutter(pattern: RegExp, form: (text: Characters) => string): Cutter {
  return (text, start, end, ends) => {
    const piece = form(text).slice(start, end);
    let done = 0;
    pattern.lastIndex = 0;
    for (let match = pattern.exec(piece); match; match = pattern.exec(piece)) {
      if (match.index > done) ends.push(start + match.index);
      done = pattern.lastIndex;
      ends.push(start + done);
    }
    if (done < piece.length) ends.push(end);
  };
}

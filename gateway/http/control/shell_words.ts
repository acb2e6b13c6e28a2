/** Words of a command line written as one text: quotes and backslashes as in a POSIX shell, no expansion. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";

/** Throws "invalid_input" for a quote that is not closed. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  const piece = /\s*(?:((?:[^\s"'\\]|\\[\s\S]|"(?:[^"\\]|\\[\s\S])*"|'[^']*')+)|$)/y;
  while (piece.lastIndex < text.length) {
    const at = piece.lastIndex;
    const match = piece.exec(text);
    if (!match) {
      throw new SkiffError(
        "invalid_input",
        `A quote or backslash is not closed in: ${text.slice(at).trim()}`,
      );
    }
    if (match[1] !== undefined) words.push(unquoted(match[1]));
  }
  return words;
}

function unquoted(word: string): string {
  return word.replace(/"((?:[^"\\]|\\[\s\S])*)"|'([^']*)'|\\([\s\S])/g, (_, double, single, escaped) => {
    if (double !== undefined) return double.replace(/\\(["\\$`])/g, "$1");
    return single ?? escaped;
  });
}

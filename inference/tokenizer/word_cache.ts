/** Remembers the tokens of words: running text repeats itself. */
import type { TokenList } from "./token_list.ts";

/** Longer words hardly come again. */
const longestWord = 48;
/** When there are more the cache starts anew; a few megabytes. */
const mostWords = 32768;

export class WordCache {
  #words = new Map<string, Int32Array>();

  get(word: string): Int32Array | undefined {
    return word.length > longestWord ? undefined : this.#words.get(word);
  }

  /** Keeps what `out` holds from `before` on as the tokens of the word. */
  set(word: string, out: TokenList, before: number): void {
    if (word.length > longestWord) return;
    if (this.#words.size >= mostWords) this.#words.clear();
    // A slice of a text keeps the whole text alive; a slice of its own copy does not.
    this.#words.set((" " + word).slice(1), out.slice(before));
  }
}

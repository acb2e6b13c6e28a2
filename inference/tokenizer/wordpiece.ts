/** BERT's WordPiece: words of a normalised text, each cut into the longest tokens from its left. */
import type { TokenList } from "./token_list.ts";
import { baseLetter, categories, category, lowerCase } from "./unicode.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { WordCache } from "./word_cache.ts";

export interface WordPieceOptions {
  unknown: number;
  lowerCase: boolean;
  stripAccents: boolean;
}

const encoder = new TextEncoder();
/** In GGUF files tokens that begin a word have this before them, and the others have lost their "##". */
const wordStart = "\u2581";

export class WordPieceEncoder {
  #vocabulary: Vocabulary;
  #options: WordPieceOptions;
  #cache = new WordCache();

  constructor(vocabulary: Vocabulary, options: WordPieceOptions) {
    this.#vocabulary = vocabulary;
    this.#options = options;
  }

  /** Appends the tokens of a text without special tokens in it. */
  encode(text: string, out: TokenList): void {
    for (const word of this.#words(text)) {
      const known = this.#cache.get(word);
      if (known) {
        out.append(known);
        continue;
      }
      const before = out.length;
      this.#encodeWord(encoder.encode(wordStart + word), out);
      this.#cache.set(word, out, before);
    }
  }

  #encodeWord(bytes: Uint8Array, out: TokenList): void {
    const before = out.length;
    for (let at = 0; at < bytes.length; at = this.#vocabulary.matchEnd) {
      const token = this.#vocabulary.longestPrefix(bytes, at, bytes.length);
      if (token < 0) { // a word is known as a whole or not at all
        out.truncate(before);
        out.push(this.#options.unknown);
        return;
      }
      out.push(token);
    }
  }

  *#words(text: string): Generator<string> {
    const kinds = categories();
    const { other, punctuation, symbol, space, mark } = category;
    let word = "";
    for (const character of text) {
      let code = character.codePointAt(0)!;
      if (this.#options.stripAccents) code = baseLetter(code);
      const kind = kinds[code];
      if (kind === space) {
        if (word !== "") yield word;
        word = "";
        continue;
      }
      if (code === 0 || code === 0xfffd || kind === other) continue;
      if (this.#options.stripAccents && kind === mark) continue;
      const written = String.fromCodePoint(this.#options.lowerCase ? lowerCase(code) : code);
      if (kind === punctuation || (code < 0x7f && kind === symbol) || isIdeograph(code)) {
        if (word !== "") yield word;
        yield written;
        word = "";
      } else word += written;
    }
    if (word !== "") yield word;
  }
}

/** The ideographs that BERT's tokenizer takes one by one (the gap before U+2B920 is its own). */
function isIdeograph(c: number): boolean {
  return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x20000 && c <= 0x2a6df) ||
    (c >= 0x2a700 && c <= 0x2b73f) || (c >= 0x2b740 && c <= 0x2b81f) || (c >= 0x2b920 && c <= 0x2ceaf) ||
    (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

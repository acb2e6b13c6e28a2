/** From tokens back to text: the bytes of each token, and whole characters out of a stream of them. */
import { readAlphabet } from "./byte_alphabet.ts";
import { unescapeToken } from "./rwkv.ts";
import type { Tokenizer, TokenStream } from "./tokenizer.ts";
import { attribute, type Vocabulary } from "./vocabulary.ts";

/** How the texts of normal tokens are written. */
export type Spelling = "alphabet" | "spaces" | "escapes";

const nothing = new Uint8Array(0);
const blank = 0x20;

/** Gives the bytes of tokens in running text. */
export class Pieces {
  #vocabulary: Vocabulary;
  #spelling: Spelling;

  constructor(vocabulary: Vocabulary, spelling: Spelling) {
    this.#vocabulary = vocabulary;
    this.#spelling = spelling;
  }

  /** Control and unknown tokens have bytes only with `special`. Numbers that are no tokens have none. */
  bytes(token: number, special: boolean): Uint8Array {
    const vocabulary = this.#vocabulary;
    if (!(token >= 0 && token < vocabulary.size)) return nothing;
    const hidden = vocabulary.has(token, attribute.control | attribute.unknown);
    if (hidden && !special) return nothing;
    if (this.#spelling === "escapes") return unescapeToken(vocabulary.bytes(token));
    if (hidden || vocabulary.has(token, attribute.userDefined)) return vocabulary.bytes(token).slice();
    if (vocabulary.has(token, attribute.normal)) {
      if (this.#spelling === "alphabet") return readAlphabet(vocabulary.text(token));
      return withBlanks(vocabulary.bytes(token));
    }
    return vocabulary.has(token, attribute.byte) ? byteOf(vocabulary.text(token)) : nothing;
  }
}

/** "<0x0A>" -> 10. */
function byteOf(text: string): Uint8Array {
  const value = parseInt(text.slice(3, 5), 16);
  return Number.isNaN(value) ? nothing : Uint8Array.of(value);
}

/** U+2581 back to blanks. */
function withBlanks(text: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === 0xe2 && text[i + 1] === 0x96 && text[i + 2] === 0x81) {
      bytes[length++] = blank;
      i += 2;
    } else bytes[length++] = text[i];
  }
  return bytes.subarray(0, length);
}

/** Joins the bytes of tokens to a text that ends between two characters at every step. */
export function streamOf(tokenizer: Tokenizer, options?: { special?: boolean }): TokenStream {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return {
    push: (token) => decoder.decode(tokenizer.bytes(token, options), { stream: true }),
    end: () => decoder.decode(),
  };
}

/** The text of tokens. `addsBlank`: encoding puts a blank before a text, which is no part of it. */
export function decodeTokens(
  tokenizer: Pick<Tokenizer, "bytes" | "special">,
  tokens: ArrayLike<number>,
  { addsBlank, special }: { addsBlank: boolean; special?: boolean },
): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  let starts = addsBlank;
  for (let i = 0; i < tokens.length; i++) {
    let bytes = tokenizer.bytes(tokens[i], { special });
    if (starts && bytes[0] === blank) bytes = bytes.subarray(1);
    if (tokens[i] !== tokenizer.special.bos) starts = false;
    text += decoder.decode(bytes, { stream: true });
  }
  return text + decoder.decode();
}

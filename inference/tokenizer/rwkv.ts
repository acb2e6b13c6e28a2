/** RWKV's tokenizer: the longest token at every place of the bytes; token texts are written with escapes. */
import { ByteTrie } from "./byte_trie.ts";
import type { TokenList } from "./token_list.ts";
import type { Vocabulary } from "./vocabulary.ts";

const encoder = new TextEncoder();

export class RwkvEncoder {
  #trie: ByteTrie;
  #unknown: number;

  constructor(vocabulary: Vocabulary, unknown: number) {
    this.#unknown = unknown;
    this.#trie = new ByteTrie(vocabulary.data.length);
    for (let token = 0; token < vocabulary.size; token++) {
      const bytes = unescapeToken(vocabulary.bytes(token));
      this.#trie.insert(bytes, 0, bytes.length, token);
    }
  }

  /** Appends the tokens of a text. */
  encode(text: string, out: TokenList): void {
    const bytes = encoder.encode(text);
    for (let at = 0; at < bytes.length;) {
      let found = this.#unknown, end = at + 1;
      for (let i = at, node = 0; i < bytes.length; i++) {
        node = this.#trie.step(node, bytes[i]);
        if (node < 0) break;
        if (this.#trie.value(node) >= 0) {
          found = this.#trie.value(node);
          end = i + 1;
        }
      }
      if (found >= 0) out.push(found);
      at = end;
    }
  }
}

const escapes: Record<string, number> = { t: 9, n: 10, r: 13 };

/** The bytes that a token's text stands for: \t \n \r \xHH, and \ before any other byte for itself. */
export function unescapeToken(text: Uint8Array): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== 0x5c || i + 1 >= text.length) {
      bytes.push(text[i]);
      continue;
    }
    const letter = String.fromCharCode(text[++i]);
    if (letter === "x") {
      bytes.push(parseInt(String.fromCharCode(text[i + 1], text[i + 2]), 16));
      i += 2;
    } else bytes.push(escapes[letter] ?? text[i]);
  }
  return Uint8Array.from(bytes);
}

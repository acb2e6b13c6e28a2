/** SentencePiece's unigram model: the most probable sequence of tokens (Viterbi) of a normalised text. */
import { ByteTrie } from "./byte_trie.ts";
import { CharacterMap } from "./charsmap.ts";
import type { TokenList } from "./token_list.ts";
import { attribute, type Vocabulary } from "./vocabulary.ts";

export interface UnigramOptions {
  unknown: number;
  characterMap?: Uint8Array;
  addSpacePrefix: boolean;
  removeExtraSpaces: boolean;
}

const encoder = new TextEncoder();
const blank = 0x20;
const escapedBlank = Uint8Array.of(0xe2, 0x96, 0x81); // ▁
/** What an unknown character costs beyond the least probable token. */
const unknownPenalty = 10;

export class UnigramEncoder {
  #vocabulary: Vocabulary;
  #options: UnigramOptions;
  #map?: CharacterMap;
  #tokens: ByteTrie;
  #userDefined: ByteTrie;
  #scores: Float64Array;
  #unknownScore: number;

  constructor(vocabulary: Vocabulary, options: UnigramOptions) {
    this.#vocabulary = vocabulary;
    this.#options = options;
    if (options.characterMap && options.characterMap.length > 0) {
      this.#map = new CharacterMap(options.characterMap);
    }
    this.#tokens = trieOf(vocabulary, attribute.normal | attribute.userDefined | attribute.unused);
    this.#userDefined = trieOf(vocabulary, attribute.userDefined);
    this.#scores = Float64Array.from({ length: vocabulary.size }, (_, token) => {
      return vocabulary.has(token, attribute.userDefined) ? 0 : vocabulary.scores?.[token] ?? 0;
    });
    let least = Infinity;
    for (let token = 0; token < vocabulary.size; token++) {
      if (vocabulary.has(token, attribute.normal)) least = Math.min(least, this.#scores[token]);
    }
    this.#unknownScore = Math.fround(least - unknownPenalty);
  }

  /** Appends the tokens of a text without special tokens in it. */
  encode(text: string, out: TokenList): void {
    const bytes = this.#normalise(encoder.encode(text));
    if (bytes.length > 0) this.#pushPath(this.#bestPath(bytes), out);
  }

  /** For every place in `bytes` the last token of the best way there, and where that token starts. */
  #bestPath(bytes: Uint8Array): { token: Int32Array; from: Int32Array } {
    const best = new Float64Array(bytes.length + 1).fill(-Number.MAX_VALUE);
    const token = new Int32Array(bytes.length + 1).fill(this.#options.unknown);
    const from = new Int32Array(bytes.length + 1);
    best[0] = 0;
    for (let start = 0; start < bytes.length;) {
      const next = Math.min(bytes.length, start + characterLength(bytes[start]));
      let known = false;
      let node = 0;
      for (let i = start; i < bytes.length; i++) {
        node = this.#tokens.step(node, bytes[i]);
        if (node < 0) break;
        const found = this.#tokens.value(node);
        if (found < 0) continue;
        if (i + 1 === next) known = true;
        const score = best[start] + this.#scores[found];
        if (score > best[i + 1]) {
          best[i + 1] = score;
          token[i + 1] = found;
          from[i + 1] = start;
        }
      }
      const score = best[start] + this.#unknownScore;
      if (!known && score > best[next]) {
        best[next] = score;
        token[next] = this.#options.unknown;
        from[next] = start;
      }
      start = next;
    }
    return { token, from };
  }

  /** Appends the way to the end; unknown characters in a row become one unknown token. */
  #pushPath({ token, from }: { token: Int32Array; from: Int32Array }, out: TokenList): void {
    const { unknown } = this.#options;
    const backwards: number[] = [];
    for (let at = token.length - 1; at > 0; at = from[at]) {
      if (token[at] !== unknown || backwards.at(-1) !== unknown) backwards.push(token[at]);
    }
    for (let i = backwards.length - 1; i >= 0; i--) out.push(backwards[i]);
  }

  /** Replaces characters by the map and spaces by ▁, of which the model may want one at the start or no runs. */
  #normalise(bytes: Uint8Array): Uint8Array {
    const { addSpacePrefix, removeExtraSpaces } = this.#options;
    const target = new ByteBuffer(bytes.length * 3 + 16);
    let prepended = false, inWord = false;
    for (let at = 0; at < bytes.length;) {
      const { piece, taken } = this.#normalisePrefix(bytes, at);
      for (const byte of piece) {
        if (byte !== blank) {
          if (!inWord && ((addSpacePrefix && !prepended) || removeExtraSpaces)) {
            target.append(escapedBlank);
            prepended = true;
          }
          inWord = true;
          target.push(byte);
        } else {
          inWord = false;
          if (!removeExtraSpaces) target.append(escapedBlank);
        }
      }
      at += taken;
    }
    return target.bytes();
  }

  /** What the text at `at` begins with: a user-defined token, an entry of the map, or one character. */
  #normalisePrefix(bytes: Uint8Array, at: number): { piece: Uint8Array; taken: number } {
    let length = 0;
    for (let node = 0; at + length < bytes.length; length++) {
      node = this.#userDefined.step(node, bytes[at + length]);
      if (node < 0) break;
    }
    // The path need not end at a token: so it is in llama.cpp.
    if (length === 0) {
      const replaced = this.#map?.replace(bytes, at, bytes.length);
      if (replaced) return { piece: replaced, taken: this.#map!.matched };
      length = Math.min(bytes.length - at, characterLength(bytes[at]));
    }
    return { piece: bytes.subarray(at, at + length), taken: length };
  }
}

/** Bytes of the UTF-8 character that begins with `lead`. */
function characterLength(lead: number): number {
  return lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

function trieOf(vocabulary: Vocabulary, mask: number): ByteTrie {
  const { data, offsets, size } = vocabulary;
  let length = 0;
  for (let token = 0; token < size; token++) {
    if (vocabulary.has(token, mask)) length += offsets[token + 1] - offsets[token];
  }
  const trie = new ByteTrie(length);
  for (let token = 0; token < size; token++) {
    if (vocabulary.has(token, mask)) trie.insert(data, offsets[token], offsets[token + 1], token);
  }
  return trie;
}

class ByteBuffer {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  push(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const grown = new Uint8Array(this.#length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#length++] = byte;
  }

  append(bytes: Uint8Array): void {
    for (const byte of bytes) this.push(byte);
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

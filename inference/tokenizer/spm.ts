/** SentencePiece's byte pair encoding: pairs merge into the token with the best score. */
import { KeyHeap, mergeSymbols, type PairRanks, SymbolChain } from "./merge_queue.ts";
import { SpaceBorders } from "./space_borders.ts";
import type { TokenList } from "./token_list.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { WordCache } from "./word_cache.ts";

const encoder = new TextEncoder();

export class SentencePieceEncoder implements PairRanks {
  merged = -1;
  #vocabulary: Vocabulary;
  #addSpacePrefix: boolean;
  /** Rank of each token by its score: 0 merges first. */
  #ranks: Int32Array;
  #byteTokens: Int32Array;
  #borders: SpaceBorders;
  #chain = new SymbolChain();
  #heap = new KeyHeap();
  #cache = new WordCache();
  #word = new Uint8Array(256);

  constructor(vocabulary: Vocabulary, { addSpacePrefix }: { addSpacePrefix: boolean }) {
    this.#vocabulary = vocabulary;
    this.#addSpacePrefix = addSpacePrefix;
    this.#ranks = ranksByScore(vocabulary);
    this.#borders = new SpaceBorders(vocabulary);
    this.#byteTokens = vocabulary.byteTokens().map((token, byte) =>
      token >= 0 ? token : vocabulary.find(Uint8Array.of(byte))
    );
  }

  /** Appends the tokens of a text without special tokens in it; `starts`: at the start or after one. */
  encode(text: string, out: TokenList, { starts }: { starts: boolean }): void {
    const escaped = (this.#addSpacePrefix && starts ? " " + text : text).replaceAll(" ", "\u2581");
    for (let start = 0, end; start < escaped.length; start = end) {
      end = this.#borders.after(escaped, start);
      this.#encodeWord(escaped.slice(start, end), out);
    }
  }

  #encodeWord(word: string, out: TokenList): void {
    const known = this.#cache.get(word);
    if (known) return out.append(known);
    const before = out.length;
    if (this.#word.length < word.length * 3) this.#word = new Uint8Array(word.length * 4);
    const { written } = encoder.encodeInto(word, this.#word);
    const chain = this.#chain;
    chain.clear();
    for (let i = 0; i < written;) {
      let end = i + 1;
      while (end < written && (this.#word[end] & 0xc0) === 0x80) end++;
      chain.push(this.#vocabulary.find(this.#word, i, end), i, end);
      i = end;
    }
    mergeSymbols(chain, this, this.#heap);
    for (let i = 0; i >= 0; i = chain.next[i]) {
      if (chain.symbol[i] >= 0) out.push(chain.symbol[i]);
      else this.#pushBytes(chain.start[i], chain.end[i], out);
    }
    this.#cache.set(word, out, before);
  }

  #pushBytes(start: number, end: number, out: TokenList): void {
    for (let i = start; i < end; i++) {
      const token = this.#byteTokens[this.#word[i]];
      if (token >= 0) out.push(token);
    }
  }

  rank(symbols: SymbolChain, left: number, right: number): number {
    const token = this.#vocabulary.find(this.#word, symbols.start[left], symbols.end[right]);
    if (token < 0) return -1;
    this.merged = token;
    return this.#ranks[token];
  }
}

/** The place of each token's score among all scores, the highest first; equal scores share a place. */
function ranksByScore({ scores, size }: Vocabulary): Int32Array {
  const ranks = new Int32Array(size);
  if (!scores) return ranks;
  const sorted = scores.slice(0, size).sort();
  let count = 0;
  for (let i = 0; i < size; i++) if (i === 0 || sorted[i] !== sorted[count - 1]) sorted[count++] = sorted[i];
  for (let token = 0; token < size; token++) {
    let low = 0, high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < scores[token]) low = middle + 1;
      else high = middle;
    }
    ranks[token] = count - 1 - low;
  }
  return ranks;
}

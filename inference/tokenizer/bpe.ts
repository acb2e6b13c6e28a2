/** Byte pair encoding: words of a pre-tokenizer, merged by rank. Byte-level (GPT-2's) or over characters. */
import { characterOfByte, writeAlphabet } from "./byte_alphabet.ts";
import { KeyHeap, mergeSymbols, SymbolChain } from "./merge_queue.ts";
import { MergeTable } from "./merge_table.ts";
import type { PreTokenizer } from "./pre_tokenizers.ts";
import { SpaceBorders } from "./space_borders.ts";
import { splitWords } from "./split.ts";
import type { TokenList } from "./token_list.ts";
import { categories, category, lowerCase } from "./unicode.ts";
import type { Strings, Vocabulary } from "./vocabulary.ts";
import { WordCache } from "./word_cache.ts";

const encoder = new TextEncoder();

export class BytePairEncoder {
  #vocabulary: Vocabulary;
  #pre: PreTokenizer;
  #merges: MergeTable;
  #chain = new SymbolChain();
  #heap = new KeyHeap();
  #cache = new WordCache();
  /** The token for each byte where nothing longer matches, -1 for none. */
  #byteTokens: Int32Array;
  #byteSymbols: Int32Array;
  /** For pre-tokenizers that leave whole lines. */
  #borders?: SpaceBorders;
  #word = new Uint8Array(256);
  #alphabet = new Uint8Array(512);

  constructor(vocabulary: Vocabulary, pre: PreTokenizer, merges: Strings) {
    this.#vocabulary = vocabulary;
    this.#pre = pre;
    this.#merges = new MergeTable(vocabulary, merges);
    if (pre.escapeSpaces && this.#merges.tokensOnly) this.#borders = new SpaceBorders(vocabulary);
    this.#byteSymbols = Int32Array.from(characterOfByte, (character) => {
      const text = encoder.encode(String.fromCodePoint(character));
      return this.#merges.find(text, 0, text.length);
    });
    this.#byteTokens = pre.characters ? vocabulary.byteTokens() : this.#byteSymbols.map((symbol, byte) =>
      // Only what is the same in the alphabet: llama.cpp looks for the raw byte here.
      symbol < vocabulary.size && characterOfByte[byte] < 0x80 ? symbol : -1
    );
  }

  /** Appends the tokens of a text without special tokens in it. */
  encode(text: string, out: TokenList): void {
    if (!this.#pre.dropSpaces) return this.#encodeText(text, out);
    for (const word of spacedWords(text, this.#pre.lowerCase === true)) this.#encodeText(word, out);
  }

  #encodeText(text: string, out: TokenList): void {
    if (this.#pre.escapeSpaces) text = text.replaceAll(" ", "\u2581");
    splitWords(text, this.#pre, (start, end) => {
      if (!this.#borders) return this.#pushWord(text.slice(start, end), out);
      const line = text.slice(start, end);
      for (let from = 0, to; from < line.length; from = to) {
        to = this.#borders.after(line, from);
        this.#pushWord(line.slice(from, to), out);
      }
    });
  }

  #pushWord(word: string, out: TokenList): void {
    const known = this.#cache.get(word);
    if (known) return out.append(known);
    const before = out.length;
    this.#encodeWord(word, out);
    this.#cache.set(word, out, before);
  }

  #encodeWord(word: string, out: TokenList): void {
    if (this.#word.length < word.length * 3) {
      this.#word = new Uint8Array(word.length * 4);
      this.#alphabet = new Uint8Array(word.length * 8);
    }
    const { written } = encoder.encodeInto(word, this.#word);
    const whole = this.#wholeWord(word, written);
    if (whole >= 0) return out.push(whole);
    const chain = this.#chain;
    chain.clear();
    if (this.#pre.characters) this.#pushCharacters(written);
    else for (let i = 0; i < written; i++) chain.push(this.#byteSymbols[this.#word[i]], i, i + 1);
    mergeSymbols(chain, this.#merges, this.#heap);
    for (let i = 0; i >= 0; i = chain.next[i]) {
      const symbol = chain.symbol[i];
      if (symbol >= 0 && symbol < this.#vocabulary.size) out.push(symbol);
      else this.#pushBytes(chain.start[i], chain.end[i], out);
    }
  }

  /** The token of the whole word, for models that prefer it to what the merges give. */
  #wholeWord(word: string, length: number): number {
    if (this.#pre.newlinesWhole && /^\n+$/.test(word)) return this.#vocabulary.find(this.#word, 0, length);
    if (!this.#pre.ignoreMerges) return -1;
    if (this.#pre.characters) return this.#vocabulary.find(this.#word, 0, length);
    return this.#vocabulary.find(this.#alphabet, 0, writeAlphabet(this.#word, length, this.#alphabet));
  }

  #pushCharacters(length: number): void {
    for (let i = 0; i < length;) {
      let end = i + 1;
      while (end < length && (this.#word[end] & 0xc0) === 0x80) end++;
      this.#chain.push(this.#merges.find(this.#word, i, end), i, end);
      i = end;
    }
  }

  #pushBytes(start: number, end: number, out: TokenList): void {
    for (let i = start; i < end; i++) {
      const token = this.#byteTokens[this.#word[i]];
      if (token >= 0) out.push(token);
    }
  }
}

/** What stands between white space. */
function* spacedWords(text: string, lower: boolean): Generator<string> {
  const kinds = categories();
  let word = "";
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (kinds[code] !== category.space) {
      word += lower ? String.fromCodePoint(lowerCase(code)) : character;
    } else {
      if (word !== "") yield word;
      word = "";
    }
  }
  if (word !== "") yield word;
}

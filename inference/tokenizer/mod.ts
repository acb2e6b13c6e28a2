/**
 * Tokenizers from GGUF metadata: byte-level BPE, SentencePiece BPE, unigram, WordPiece and RWKV. They cut
 * texts into the same tokens as llama.cpp.
 */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { type Encoder, type KindOfTokenizer, kindOfTokenizer } from "./kinds.ts";
import { type Fragment, Partition } from "./partition.ts";
import { decodeTokens, Pieces, streamOf } from "./pieces.ts";
import { markStripping, readSpecialTokens, separateTokens, type Specials } from "./special_tokens.ts";
import { TokenList } from "./token_list.ts";
import { type EncodeOptions, type SpecialTokens, type Tokenizer, tokenTypes } from "./tokenizer.ts";
import { attribute, Vocabulary, type VocabularySource } from "./vocabulary.ts";

export type { Strings, VocabularySource } from "./vocabulary.ts";
export type { EncodeOptions, SpecialTokens, Tokenizer, TokenStream } from "./tokenizer.ts";
export { tokenTypes } from "./tokenizer.ts";

/**
 * The tokenizer of a model, from its header (a `Gguf`, or anything with such metadata).
 * @throws {SkiffError} "unsupported" for a kind of tokenizer or pre-tokenizer that is not known, "corrupt"
 * for metadata that does not fit together.
 */
export function openTokenizer({ metadata }: { metadata: VocabularySource }): Tokenizer {
  const vocabulary = new Vocabulary(metadata);
  const kind = kindOfTokenizer(metadata, vocabulary);
  const specials = readSpecialTokens(metadata, vocabulary, kind.defaults);
  if (kind.alwaysBos) specials.tokens.addBos = true;
  return new GgufTokenizer(metadata, { vocabulary, kind, specials });
}

class GgufTokenizer implements Tokenizer {
  readonly kind: string;
  readonly size: number;
  readonly special: SpecialTokens;
  #vocabulary: Vocabulary;
  #specials: Specials;
  #partition: Partition;
  #pieces: Pieces;
  #kind: KindOfTokenizer;
  #separatesTwice: boolean;
  /** Made when the first text comes: what only shows or decodes tokens does without. */
  #encoder?: Encoder;

  constructor(
    source: VocabularySource,
    { vocabulary, kind, specials }: { vocabulary: Vocabulary; kind: KindOfTokenizer; specials: Specials },
  ) {
    this.kind = kind.name;
    this.size = vocabulary.size;
    this.special = specials.tokens;
    this.#vocabulary = vocabulary;
    this.#specials = specials;
    this.#kind = kind;
    const separate = separateTokens(vocabulary);
    markStripping(source, vocabulary, separate);
    this.#partition = new Partition(vocabulary, separate);
    this.#pieces = new Pieces(vocabulary, kind.spelling);
    const roberta = ["jina-v1-en", "jina-v2-code", "roberta-bpe"].includes(
      source.string("tokenizer.ggml.pre") ?? "",
    );
    this.#separatesTwice = kind.name !== "wpm" &&
      (source.boolean("tokenizer.ggml.add_sep_token") ?? (kind.name === "ugm" || roberta));
  }

  encode(text: string, { addSpecial = false, parseSpecial = false }: EncodeOptions = {}): Int32Array {
    const out = new TokenList();
    const [first, last] = addSpecial ? this.#kind.frame(this.special) : [];
    if (first !== undefined) out.push(first);
    this.#encodeFragments(this.#partition.split(text.toWellFormed(), parseSpecial), out);
    if (last !== undefined) out.push(last);
    return out.slice();
  }

  encodePair(first: string, second: string): { tokens: Int32Array; secondFrom: number } {
    const out = new TokenList();
    const [begin, end] = this.#kind.frame(this.special);
    if (begin !== undefined) out.push(begin);
    this.#encodeFragments(this.#partition.split(first.toWellFormed(), false), out);
    if (end !== undefined) out.push(end);
    // RoBERTa and its kin were trained with two separators between the texts, BERT with one.
    const separator = this.special.separator ?? this.special.eos;
    if (this.#separatesTwice && separator !== undefined) out.push(separator);
    const secondFrom = out.length;
    this.#encodeFragments(this.#partition.split(second.toWellFormed(), false), out);
    if (end !== undefined) out.push(end);
    return { tokens: out.slice(), secondFrom };
  }

  #encodeFragments(fragments: Fragment[], out: TokenList): void {
    this.#encoder ??= this.#kind.encoder(this.special);
    let starts = true;
    for (const fragment of fragments) {
      if (typeof fragment === "number") out.push(fragment);
      else this.#encoder.encode(fragment, out, { starts });
      starts = typeof fragment === "number";
    }
  }

  bytes(token: number, { special = false }: { special?: boolean } = {}): Uint8Array {
    return this.#pieces.bytes(token, special);
  }

  text(token: number): string {
    this.#check(token);
    return this.#vocabulary.text(token);
  }

  type(token: number): number {
    this.#check(token);
    const has = (mask: number) => this.#vocabulary.has(token, mask);
    if (has(attribute.control)) return tokenTypes.control;
    if (has(attribute.userDefined)) return tokenTypes.userDefined;
    if (has(attribute.unknown)) return tokenTypes.unknown;
    if (has(attribute.byte)) return tokenTypes.byte;
    return has(attribute.normal) ? tokenTypes.normal : tokenTypes.unused;
  }

  #check(token: number): void {
    if (token >= 0 && token < this.size) return;
    throw new SkiffError("invalid_input", `There is no token ${token}; the vocabulary has ${this.size}`);
  }

  find(text: string): number | undefined {
    const token = this.#vocabulary.findText(text);
    return token < 0 ? undefined : token;
  }

  isEndOfGeneration(token: number): boolean {
    return this.#specials.ends.has(token);
  }

  decode(tokens: ArrayLike<number>, options: { special?: boolean } = {}): string {
    return decodeTokens(this, tokens, { ...options, addsBlank: this.#kind.addSpacePrefix });
  }

  stream(options?: { special?: boolean }) {
    return streamOf(this, options);
  }
}

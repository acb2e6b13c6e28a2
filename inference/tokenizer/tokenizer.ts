/**
 * The contract of a tokenizer. `openTokenizer` (mod.ts) makes one from GGUF metadata; the kinds are
 * byte-level BPE, SentencePiece BPE, unigram and WordPiece.
 */

/** ggml's token types (`tokenizer.ggml.token_type`). */
export const tokenTypes = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

export interface SpecialTokens {
  bos?: number;
  eos?: number;
  eot?: number;
  unknown?: number;
  separator?: number;
  padding?: number;
  /** Sequences start or end with bos/eos when special tokens are added. */
  addBos: boolean;
  addEos: boolean;
}

export interface EncodeOptions {
  /** Add bos/eos as the model wants them. Default false. */
  addSpecial?: boolean;
  /** Recognise control tokens that are written in the text. Never for text that a user wrote. Default false. */
  parseSpecial?: boolean;
}

export interface Tokenizer {
  /** "bpe", "spm", "ugm" or "wpm". */
  readonly kind: string;
  /** V. */
  readonly size: number;
  readonly special: SpecialTokens;

  encode(text: string, options?: EncodeOptions): Int32Array;

  /**
   * A pair of texts as a reranker wants it, special tokens included; `secondFrom` is where the second one begins.
   * Absent where the model's file does not say how.
   */
  encodePair?(first: string, second: string): { tokens: Int32Array; secondFrom: number };

  /** The bytes a token stands for in running text; empty for control tokens unless `special` is set. */
  bytes(token: number, options?: { special?: boolean }): Uint8Array;

  /** The token's text as stored in the vocabulary ("Ġhello", "▁hello", "<|im_end|>"). */
  text(token: number): string;

  /** One of `tokenTypes`. */
  type(token: number): number;

  /** The token with exactly this stored text. */
  find(text: string): number | undefined;

  /** True for every token that ends a generation: eos, eot, eom and the known texts of them. */
  isEndOfGeneration(token: number): boolean;

  /** All of it at once; invalid UTF-8 becomes U+FFFD. */
  decode(tokens: ArrayLike<number>, options?: { special?: boolean }): string;

  /** For streaming: text comes out only in whole characters. */
  stream(options?: { special?: boolean }): TokenStream;
}

export interface TokenStream {
  /** The characters that this token completes; may be empty. */
  push(token: number): string;
  /** What is left, with U+FFFD for an incomplete character. */
  end(): string;
}

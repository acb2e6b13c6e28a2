/**
 * Tokenizers out of `tokenizer.json`: texts are cut by transformers.js, as the model's makers do; everything else
 * (bytes of tokens, control tokens, what ends a generation) is read here.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { decodeTokens, streamOf } from "../pieces.ts";
import { generationEnds } from "../special_tokens.ts";
import { type EncodeOptions, type SpecialTokens, type Tokenizer, tokenTypes } from "../tokenizer.ts";
import { beforeNormalizer, corrected } from "./corrections.ts";
import { HubVocabulary, type TokenizerJson, withoutControl } from "./vocabulary.ts";

/** Cuts texts: `PreTrainedTokenizer` of transformers.js. */
export interface Cutter {
  encode(text: string, options: { add_special_tokens: boolean }): number[];
  (text: string, options: Record<string, unknown>): { input_ids: number[]; token_type_ids?: number[] };
}

export interface HubTokenizerFiles {
  tokenizer: TokenizerJson;
  /** tokenizer_config.json */
  settings?: Record<string, any>;
  /** Tokens that end a generation by config.json or generation_config.json. */
  ends?: number[];
  /** Rows of logits. */
  vocabularySize?: number;
}

/** Throws "corrupt" for a vocabulary that does not fit together. */
export function openHubTokenizer(
  files: HubTokenizerFiles,
  cutter: (tokenizer: TokenizerJson) => Cutter,
): Tokenizer {
  return new HubTokenizer(files, cutter);
}

class HubTokenizer implements Tokenizer {
  readonly kind: string;
  readonly size: number;
  readonly special: SpecialTokens;
  readonly #vocabulary: HubVocabulary;
  readonly #ends: Set<number>;
  /** With control tokens in the text, and without. */
  readonly #trusting: Cutter;
  readonly #plain: () => Cutter;
  readonly #prepare: (text: string) => string;

  constructor(files: HubTokenizerFiles, cutter: (tokenizer: TokenizerJson) => Cutter) {
    const { tokenizer, vocabularySize } = files;
    this.#vocabulary = new HubVocabulary(tokenizer, vocabularySize);
    this.kind = this.#vocabulary.kind;
    this.size = this.#vocabulary.size;
    this.#prepare = beforeNormalizer(tokenizer);
    this.#trusting = cutter(corrected(tokenizer));
    let plain: Cutter | undefined;
    this.#plain = () => plain ??= cutter(corrected(withoutControl(tokenizer)));
    this.special = specialTokens(files, this.#vocabulary, this.#trusting);
    this.#ends = endsOf(files, this.#vocabulary, this.special);
  }

  encode(text: string, { addSpecial = false, parseSpecial = false }: EncodeOptions = {}): Int32Array {
    const whole = this.#prepare(text.toWellFormed());
    if (parseSpecial || !addSpecial) {
      const cutter = parseSpecial ? this.#trusting : this.#plain();
      return Int32Array.from(cutter.encode(whole, { add_special_tokens: addSpecial }));
    }
    // The frame of special tokens is put around what was cut without any.
    const inner = this.#plain().encode(whole, { add_special_tokens: false });
    const frame = this.#trusting.encode("", { add_special_tokens: true });
    const { first, last } = framed(frame, this.special);
    return Int32Array.of(...first, ...inner, ...last);
  }

  encodePair(first: string, second: string): { tokens: Int32Array; secondFrom: number } {
    const pair = this.#prepare(second.toWellFormed()) || " "; // nothing at all counts as no pair
    const options = { text_pair: pair, return_tensor: false, return_token_type_ids: true };
    const { input_ids, token_type_ids } = this.#trusting(this.#prepare(first.toWellFormed()), options);
    const at = token_type_ids?.indexOf(1) ?? -1;
    return { tokens: Int32Array.from(input_ids), secondFrom: at < 0 ? input_ids.length : at };
  }

  bytes(token: number, { special = false }: { special?: boolean } = {}): Uint8Array {
    return this.#vocabulary.bytes(token, special);
  }

  text(token: number): string {
    this.#check(token);
    return this.#vocabulary.texts[token] ?? "";
  }

  type(token: number): number {
    this.#check(token);
    return this.#vocabulary.types[token];
  }

  #check(token: number): void {
    if (token >= 0 && token < this.size) return;
    throw new SkiffError("invalid_input", `There is no token ${token}; the vocabulary has ${this.size}`);
  }

  find(text: string): number | undefined {
    return this.#vocabulary.ids.get(text);
  }

  isEndOfGeneration(token: number): boolean {
    return this.#ends.has(token);
  }

  decode(tokens: ArrayLike<number>, options: { special?: boolean } = {}): string {
    return decodeTokens(this, tokens, { ...options, addsBlank: this.#vocabulary.addsBlank });
  }

  stream(options?: { special?: boolean }) {
    return streamOf(this, options);
  }
}

/** What an empty text becomes with special tokens, as what stands before and after a text. */
function framed(frame: number[], { addBos }: SpecialTokens): { first: number[]; last: number[] } {
  const before = addBos ? 1 : 0;
  return { first: frame.slice(0, before), last: frame.slice(before) };
}

function specialTokens(
  { settings = {} }: HubTokenizerFiles,
  vocabulary: HubVocabulary,
  cutter: Cutter,
): SpecialTokens {
  const named = (name: string) => {
    const value = settings[name];
    return vocabulary.ids.get(typeof value === "string" ? value : value?.content ?? "");
  };
  const bare = cutter.encode("a", { add_special_tokens: false });
  const full = cutter.encode("a", { add_special_tokens: true });
  const at = bare.length === 0 ? 0 : full.indexOf(bare[0]);
  const addBos = at > 0;
  const addEos = full.length > Math.max(0, at) + bare.length;
  return {
    bos: addBos ? full[0] : named("bos_token"),
    eos: named("eos_token") ?? (addEos ? full.at(-1) : undefined),
    unknown: named("unk_token"),
    separator: named("sep_token"),
    padding: named("pad_token"),
    addBos,
    addEos,
  };
}

/** What the model's makers name, else the known texts of tokens that end a turn. */
function endsOf(
  { tokenizer, ends = [] }: HubTokenizerFiles,
  vocabulary: HubVocabulary,
  { eos }: SpecialTokens,
): Set<number> {
  const found = new Set(ends.filter((token) => token < vocabulary.size));
  if (eos !== undefined) found.add(eos);
  const texts = new Set(ends.length > 0 ? [] : generationEnds);
  for (const { content, id } of tokenizer.added_tokens ?? []) if (texts.has(content)) found.add(id);
  for (const token of found) vocabulary.types[token] = tokenTypes.control;
  return found;
}

/** The tokens of a `tokenizer.json` (Hugging Face's tokenizers): their texts, types and bytes. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { readAlphabet } from "../byte_alphabet.ts";
import { tokenTypes } from "../tokenizer.ts";

/** tokenizer.json, as far as it is read here. */
export interface TokenizerJson {
  added_tokens?: { id: number; content: string; special?: boolean }[];
  model: {
    type?: string;
    /** Of BPE and WordPiece by text; of Unigram [text, score] in the order of the ids. */
    vocab: Record<string, number> | [string, number][];
    unk_token?: string | null;
    unk_id?: number | null;
    byte_fallback?: boolean;
    continuing_subword_prefix?: string | null;
  };
  normalizer?: Record<string, any> | null;
  decoder?: Decoder | null;
  pre_tokenizer?: Decoder | null;
}

interface Decoder {
  type: string;
  decoders?: Decoder[];
  pretokenizers?: Decoder[];
  prefix?: string;
  content?: string;
  start?: number;
  add_prefix_space?: boolean;
  prepend_scheme?: string;
}

const encoder = new TextEncoder();
const nothing = new Uint8Array(0);

/** Texts, types and ids; tokens that only fill up the model's vocabulary are unused and have no text. */
export class HubVocabulary {
  readonly kind: "bpe" | "ugm" | "wpm";
  readonly texts: string[] = [];
  readonly types: Uint8Array;
  readonly ids = new Map<string, number>();
  /** A text begins with a blank that is not its own. */
  readonly addsBlank: boolean;
  readonly #spelling: "alphabet" | "spaces" | "wordpiece" | "plain";
  readonly #prefix: string;

  /** `size`: rows of logits, which may be more than there are tokens. Throws "corrupt" for what is no vocabulary. */
  constructor(json: TokenizerJson, size = 0) {
    const { model } = json;
    if (typeof model?.vocab !== "object") {
      throw new SkiffError("corrupt", "Cannot read tokenizer.json: it has no vocabulary");
    }
    this.kind = model.type === "WordPiece" ? "wpm" : model.type === "Unigram" ? "ugm" : "bpe";
    const entries = Array.isArray(model.vocab)
      ? model.vocab.map(([text], id): [string, number] => [text, id])
      : Object.entries(model.vocab);
    const added = json.added_tokens ?? [];
    for (const [text, id] of entries) this.#put(text, id);
    for (const { content, id } of added) this.#put(content, id);
    this.types = new Uint8Array(Math.max(size, this.texts.length)).fill(tokenTypes.unused);
    for (const [text, id] of entries) {
      const isByte = model.byte_fallback && /^<0x[0-9A-F]{2}>$/.test(text);
      this.types[id] = isByte ? tokenTypes.byte : tokenTypes.normal;
    }
    const unknown = model.unk_id ?? this.ids.get(model.unk_token ?? "");
    if (unknown !== undefined) this.types[unknown] = tokenTypes.unknown;
    for (const { id, special } of added) {
      this.types[id] = special ? tokenTypes.control : tokenTypes.userDefined;
    }
    const parts = [...flat(json.decoder), ...flat(json.pre_tokenizer)];
    const has = (type: string) => parts.some((part) => part.type === type);
    const spaces = has("Metaspace") || parts.some(({ content }) => content === " " || content === "▁");
    this.#spelling = has("ByteLevel")
      ? "alphabet"
      : spaces
      ? "spaces"
      : has("WordPiece")
      ? "wordpiece"
      : "plain";
    this.#prefix = model.continuing_subword_prefix ?? "##";
    this.addsBlank = this.#spelling === "wordpiece" ||
      this.#spelling === "spaces" && parts.some((part) =>
          part.type === "Strip" && (part.start ?? 0) > 0 ||
          part.type === "Metaspace" && part.prepend_scheme !== "never" && part.add_prefix_space !== false
        );
  }

  #put(text: string, id: number): void {
    if (!Number.isInteger(id) || id < 0 || id > 10_000_000) {
      throw new SkiffError("corrupt", `Cannot read tokenizer.json: a token has the number ${id}`);
    }
    this.texts[id] = text;
    this.ids.set(text, id);
  }

  get size(): number {
    return this.types.length;
  }

  /** The bytes a token stands for; control and unknown tokens have some only with `special`. */
  bytes(token: number, special: boolean): Uint8Array {
    const text = this.texts[token];
    if (text === undefined) return nothing;
    const type = this.types[token];
    if (type === tokenTypes.control || type === tokenTypes.unknown) {
      return special ? encoder.encode(text) : nothing;
    }
    if (type === tokenTypes.userDefined) return encoder.encode(text);
    if (type === tokenTypes.byte) return Uint8Array.of(parseInt(text.slice(3, 5), 16));
    if (this.#spelling === "alphabet") return readAlphabet(text);
    if (this.#spelling === "spaces") return encoder.encode(text.replaceAll("▁", " "));
    if (this.#spelling === "plain") return encoder.encode(text);
    return encoder.encode(text.startsWith(this.#prefix) ? text.slice(this.#prefix.length) : ` ${text}`);
  }
}

function flat(part: Decoder | null | undefined): Decoder[] {
  if (!part) return [];
  const inner = part.decoders ?? part.pretokenizers;
  return inner ? inner.flatMap(flat) : [part];
}

/**
 * The same tokenizer without its control tokens: what a user writes never becomes one. Their texts are taken out
 * of the vocabulary too, but for the unknown token, which the algorithms need.
 */
export function withoutControl(json: TokenizerJson): TokenizerJson {
  const control = (json.added_tokens ?? []).filter(({ special }) => special);
  const unknown = json.model.unk_token ?? undefined;
  const texts = new Set(control.map(({ content }) => content).filter((text) => text !== unknown));
  const { vocab } = json.model;
  const rest = Array.isArray(vocab)
    ? vocab.map(([text, score], id): [string, number] =>
      texts.has(text) && id !== json.model.unk_id ? [`\uffff${id}`, score] : [text, score]
    )
    : Object.fromEntries(Object.entries(vocab).filter(([text]) => !texts.has(text)));
  return {
    ...json,
    added_tokens: json.added_tokens?.filter(({ special }) => !special),
    model: { ...json.model, vocab: rest },
  };
}

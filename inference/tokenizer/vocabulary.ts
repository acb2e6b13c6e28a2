/** The tokens of a model: their texts as one run of bytes, a hash table over them, scores and attributes. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { tokenTypes } from "./tokenizer.ts";

/** Many strings as one run of UTF-8: string i is `data[offsets[i] .. offsets[i + 1])`. */
export interface Strings {
  readonly data: Uint8Array;
  /** One more than there are strings. */
  readonly offsets: Uint32Array;
}

/** The part of GGUF metadata that describes a tokenizer; a getter gives undefined where a key is absent. */
export interface VocabularySource {
  string(key: string): string | undefined;
  number(key: string): number | undefined;
  boolean(key: string): boolean | undefined;
  strings(key: string): Strings | undefined;
  numbers(key: string): ArrayLike<number> | undefined;
}

/** Bits of `Vocabulary.attributes`; a token can have several. */
export const attribute = {
  unknown: 1,
  unused: 2,
  normal: 4,
  control: 8,
  userDefined: 16,
  byte: 32,
  /** White space to the left (right) of the token, written in a text, belongs to it. */
  stripLeft: 64,
  stripRight: 128,
} as const;

const attributeOfType: Record<number, number> = {
  [tokenTypes.normal]: attribute.normal,
  [tokenTypes.unknown]: attribute.unknown,
  [tokenTypes.control]: attribute.control,
  [tokenTypes.userDefined]: attribute.userDefined,
  [tokenTypes.unused]: attribute.unused,
  [tokenTypes.byte]: attribute.byte,
};

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Look-up works on bytes, so that opening a vocabulary of 262,144 tokens makes no string. Where two tokens
 * have the same text the last one is found.
 */
export class Vocabulary {
  readonly size: number;
  readonly data: Uint8Array;
  readonly offsets: Uint32Array;
  /** Absent where the model has none. */
  readonly scores?: Float32Array;
  readonly attributes: Uint8Array;
  /** Bytes of the longest text. */
  readonly longest: number;
  /** Where the match of the last `longestPrefix` ended. */
  matchEnd = 0;
  /** Open addressing: pairs of a hash and a token + 1, which is 0 where free. */
  #slots: Int32Array;

  /**
   * @throws {SkiffError} "corrupt" when the arrays are missing or do not fit together.
   */
  constructor(source: VocabularySource) {
    const texts = source.strings("tokenizer.ggml.tokens");
    if (!texts) throw new SkiffError("corrupt", "The model has no vocabulary (tokenizer.ggml.tokens)");
    ({ data: this.data, offsets: this.offsets } = withoutEmptyTexts(texts));
    this.size = this.offsets.length - 1;
    const scores = numbersFor(source, "tokenizer.ggml.scores", this.size);
    if (scores) this.scores = scores instanceof Float32Array ? scores : Float32Array.from(scores);
    this.attributes = attributesOf(numbersFor(source, "tokenizer.ggml.token_type", this.size), this.size);
    this.#slots = new Int32Array(2 * 2 ** Math.ceil(Math.log2(this.size * 1.5 + 1)));
    this.longest = this.#index();
  }

  #index(): number {
    const { data, offsets } = this;
    let longest = 0;
    for (let token = 0; token < this.size; token++) {
      const start = offsets[token], end = offsets[token + 1];
      longest = Math.max(longest, end - start);
      const hash = hashOf(data, start, end);
      const slot = this.#slotOf(data, start, end, hash);
      this.#slots[slot] = hash;
      this.#slots[slot + 1] = token + 1;
    }
    return longest;
  }

  /** The slot that holds the token with these bytes, or the free slot where it belongs. */
  #slotOf(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const slots = this.#slots, mask = slots.length - 1;
    for (let slot = scatter(hash) * 2 & mask;; slot = (slot + 2) & mask) {
      const token = slots[slot + 1] - 1;
      if (token < 0 || (slots[slot] === hash && this.equals(token, bytes, start, end))) return slot;
    }
  }

  /** Whether the token's text is `bytes[start .. end)`. */
  equals(token: number, bytes: Uint8Array, start: number, end: number): boolean {
    let at = this.offsets[token];
    if (this.offsets[token + 1] - at !== end - start) return false;
    const data = this.data;
    for (let i = start; i < end; i++) if (data[at++] !== bytes[i]) return false;
    return true;
  }

  /** The token with exactly the text `bytes[start .. end)`; -1 when there is none. */
  find(bytes: Uint8Array, start = 0, end = bytes.length): number {
    if (end - start > this.longest) return -1;
    return this.#slots[this.#slotOf(bytes, start, end, hashOf(bytes, start, end)) + 1] - 1;
  }

  findText(text: string): number {
    return this.find(encoder.encode(text));
  }

  /** The longest token that `bytes[start .. end)` starts with, -1 for none; its end goes to `matchEnd`. */
  longestPrefix(bytes: Uint8Array, start: number, end: number): number {
    const limit = Math.min(end, start + this.longest);
    let hash = hashSeed, found = -1;
    for (let i = start; i < limit; i++) {
      hash = Math.imul(hash ^ bytes[i], hashFactor);
      const token = this.#slots[this.#slotOf(bytes, start, i + 1, hash) + 1] - 1;
      if (token >= 0) {
        found = token;
        this.matchEnd = i + 1;
      }
    }
    return found;
  }

  /** The tokens <0x00> to <0xFF>, -1 where there is none. */
  byteTokens(): Int32Array {
    return Int32Array.from({ length: 256 }, (_, byte) => {
      return this.findText(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
    });
  }

  /** The token's text as stored. */
  text(token: number): string {
    return decoder.decode(this.bytes(token));
  }

  /** The UTF-8 of the token's text (not a copy). */
  bytes(token: number): Uint8Array {
    return this.data.subarray(this.offsets[token], this.offsets[token + 1]);
  }

  has(token: number, mask: number): boolean {
    return (this.attributes[token] & mask) !== 0;
  }
}

const hashSeed = 0x811c9dc5 | 0;
const hashFactor = 0x01000193;

/** FNV-1a. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = hashSeed;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], hashFactor);
  return hash;
}

/** Spreads the hash's high bits into the low ones, which choose the slot. */
function scatter(hash: number): number {
  return hash ^ (hash >>> 15);
}

function numbersFor(source: VocabularySource, key: string, size: number): ArrayLike<number> | undefined {
  const values = source.numbers(key);
  if (values && values.length < size) {
    throw new SkiffError(
      "corrupt",
      `The model has ${size} tokens and only ${values.length} entries in ${key}`,
    );
  }
  return values;
}

function attributesOf(types: ArrayLike<number> | undefined, size: number): Uint8Array {
  const attributes = new Uint8Array(size).fill(attribute.normal);
  if (types) { for (let i = 0; i < size; i++) attributes[i] = attributeOfType[types[i]] ?? 0; }
  return attributes;
}

/** An empty text stands for nothing that could be found; it is named after its number, as llama.cpp does. */
function withoutEmptyTexts({ data, offsets }: Strings): Strings {
  const empty = [];
  for (let i = 0; i + 1 < offsets.length; i++) if (offsets[i] === offsets[i + 1]) empty.push(i);
  if (empty.length === 0) return { data, offsets };
  const names = empty.map((i) => encoder.encode(`[EMPTY_${i}]`));
  const grown = new Uint8Array(data.length + names.reduce((sum, name) => sum + name.length, 0));
  const moved = new Uint32Array(offsets.length);
  for (let i = 0, next = 0; i + 1 < offsets.length; i++) {
    const text = empty[next] === i ? names[next++] : data.subarray(offsets[i], offsets[i + 1]);
    grown.set(text, moved[i]);
    moved[i + 1] = moved[i] + text.length;
  }
  return { data: grown, offsets: moved };
}

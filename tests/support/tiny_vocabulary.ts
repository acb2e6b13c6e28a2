/** A tokenizer over a list of tokens, for tests of what only needs a vocabulary. */
import { type SpecialTokens, type Tokenizer, tokenTypes } from "../../inference/tokenizer/tokenizer.ts";

export interface VocabularyEntry {
  bytes: Uint8Array;
  text: string;
  type: number;
  endOfGeneration?: boolean;
}

/** Texts become normal tokens; `<|…|>` become control tokens, of which `<|end|>` ends the generation. */
export function vocabularyOf(texts: (string | Uint8Array)[]): Tokenizer {
  const encoder = new TextEncoder();
  return tokenizerOf(texts.map((text): VocabularyEntry => {
    if (typeof text !== "string") {
      return {
        bytes: text,
        text: [...text].map((b) => `<0x${b.toString(16)}>`).join(""),
        type: tokenTypes.byte,
      };
    }
    const control = /^<\|.*\|>$/.test(text);
    const type = control ? tokenTypes.control : tokenTypes.normal;
    return { bytes: encoder.encode(text), text, type, endOfGeneration: text === "<|end|>" };
  }));
}

/** Every byte as a token, `<|end|>` (256), and then the given texts. */
export function byteVocabulary(...texts: string[]): Tokenizer {
  const bytes = Array.from({ length: 256 }, (_, b) => Uint8Array.of(b));
  return vocabularyOf([...bytes, "<|end|>", ...texts]);
}

/** Encodes greedily: the longest token that fits, again and again. */
export function tokenizerOf(entries: VocabularyEntry[]): Tokenizer {
  const nothing = new Uint8Array();
  const byText = new Map(entries.map((entry, token) => [entry.text, token]));
  const byBytes = new Map<string, number>();
  entries.forEach(({ bytes, type }, token) => {
    if (type !== tokenTypes.control) byBytes.set(bytes.join(), token);
  });
  const longest = Math.max(...entries.map(({ bytes }) => bytes.length));
  const special: SpecialTokens = { addBos: false, addEos: false };
  const bytesOf = (token: number, withSpecial?: boolean) =>
    entries[token].type === tokenTypes.control && !withSpecial ? nothing : entries[token].bytes;
  const decode = (tokens: ArrayLike<number>, withSpecial?: boolean) =>
    new TextDecoder().decode(
      Uint8Array.from(Array.from(tokens).flatMap((token) => [...bytesOf(token, withSpecial)])),
    );
  return {
    kind: "bpe",
    size: entries.length,
    special,
    encode(text) {
      const bytes = new TextEncoder().encode(text);
      const tokens: number[] = [];
      for (let at = 0; at < bytes.length;) {
        let length = Math.min(longest, bytes.length - at);
        while (length > 1 && !byBytes.has(bytes.subarray(at, at + length).join())) length--;
        const token = byBytes.get(bytes.subarray(at, at + length).join());
        if (token === undefined) throw new Error(`No token for byte ${bytes[at]}`);
        tokens.push(token);
        at += length;
      }
      return Int32Array.from(tokens);
    },
    bytes: (token, options) => bytesOf(token, options?.special),
    text: (token) => entries[token].text,
    type: (token) => entries[token].type,
    find: (text) => byText.get(text),
    isEndOfGeneration: (token) => entries[token]?.endOfGeneration ?? false,
    decode: (tokens, options) => decode(tokens, options?.special),
    stream(options) {
      const decoder = new TextDecoder();
      return {
        push: (token) => decoder.decode(bytesOf(token, options?.special), { stream: true }),
        end: () => decoder.decode(),
      };
    },
  };
}

/** Where transformers.js cuts texts otherwise than the tokenizers that models are trained with: said in other words. */
import type { TokenizerJson } from "./vocabulary.ts";

type Part = Record<string, any>;

/**
 * The same tokenizer for transformers.js: digits are all numeric characters (it knows 0 to 9 only).
 * Source: pre_tokenizers/digits.rs of huggingface/tokenizers.
 */
export function corrected(json: TokenizerJson): TokenizerJson {
  return { ...json, pre_tokenizer: json.pre_tokenizer && correctedPart(json.pre_tokenizer) };
}

function correctedPart(part: Part): any {
  if (Array.isArray(part.pretokenizers)) {
    return { ...part, pretokenizers: part.pretokenizers.map(correctedPart) };
  }
  if (part.type !== "Digits") return part;
  const pattern = { Regex: part.individual_digits ? "\\p{N}" : "\\p{N}+" };
  return { type: "Split", pattern, behavior: "Isolated", invert: false };
}

/** Ideographs beyond 16 bits that BERT sets apart (normalizers/bert.rs); transformers.js sees halves of them. */
const ideographs =
  /[\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{2F800}-\u{2FA1F}]/gu;

/**
 * What a text must be before its normaliser: letters are lowered one by one there, while JavaScript writes a sigma
 * at the end of a word in another way; ideographs stand apart.
 */
export function beforeNormalizer(json: TokenizerJson): (text: string) => string {
  const has = (test: (part: Part) => boolean, part: Part | null | undefined = json.normalizer): boolean =>
    part != null && (test(part) || (part.normalizers?.some((inner: Part) => has(test, inner)) ?? false));
  const lowers = has(({ type, lowercase }) =>
    type === "Lowercase" || type === "BertNormalizer" && lowercase !== false
  );
  const apart = has(({ type, handle_chinese_chars }) =>
    type === "BertNormalizer" && handle_chinese_chars !== false
  );
  return (text) => {
    const lowered = lowers ? text.replaceAll("Σ", "σ") : text;
    return apart ? lowered.replace(ideographs, " $& ") : lowered;
  };
}

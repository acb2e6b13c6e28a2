/**
 * Tokens with a meaning of their own: which they are, which end a generation, and what of their attributes
 * the file has wrong. Facts: llama.cpp's llama-vocab.cpp, which knows most of them by their texts.
 */
import type { SpecialTokens } from "./tokenizer.ts";
import { attribute, type Vocabulary, type VocabularySource } from "./vocabulary.ts";

/** Texts that end a turn, the likeliest first: the first one found is `eot` where the file names none. */
const turnEnds = [
  "<|eot_id|>",
  "<|im_end|>",
  "<end_of_turn>",
  "<|end|>",
  "<end_of_utterance>",
  "<|end_of_text|>",
  "<|endoftext|>",
  "<EOT>",
  "_<EOT>",
  "[EOT]",
  "<｜end▁of▁sentence｜>",
];

/** More texts that end a generation wherever they are in a vocabulary. */
export const generationEnds = [
  ...turnEnds,
  "<|return|>",
  "<|call|>",
  "<|flush|>",
  "<|calls|>",
  "</s>",
  "<|eom_id|>",
  "[EOS]",
  "<eos>",
  "<turn|>",
  "<|tool_response>",
  "[e~[",
];

/** Fill-in-the-middle markers by kind: metadata keys, texts, and whether the kind ends a generation. */
const fillInMarkers: { keys: string[]; texts: string[]; ends?: boolean }[] = [
  {
    keys: ["fim_pre_token_id", "prefix_token_id"],
    texts: [
      "<|fim_prefix|>",
      "<fim-prefix>",
      "<fim_prefix>",
      "<｜fim▁begin｜>",
      "<PRE>",
      "▁<PRE>",
      "<|code_prefix|>",
      "<|prefix|>",
    ],
  },
  {
    keys: ["fim_suf_token_id", "suffix_token_id"],
    texts: [
      "<|fim_suffix|>",
      "<fim-suffix>",
      "<fim_suffix>",
      "<｜fim▁hole｜>",
      "<SUF>",
      "▁<SUF>",
      "<|code_suffix|>",
      "<|suffix|>",
    ],
  },
  {
    keys: ["fim_mid_token_id", "middle_token_id"],
    texts: [
      "<|fim_middle|>",
      "<fim-middle>",
      "<fim_middle>",
      "<｜fim▁end｜>",
      "<MID>",
      "▁<MID>",
      "<|code_middle|>",
      "<|middle|>",
    ],
  },
  {
    keys: ["fim_pad_token_id"],
    texts: ["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"],
    ends: true,
  },
  {
    keys: ["fim_rep_token_id"],
    texts: ["<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"],
    ends: true,
  },
  { keys: ["fim_sep_token_id"], texts: ["<|file_sep|>"], ends: true },
];

/** Tokens of a harmony-style chat format that are always shown. */
const shownMarkers = ["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"];

/** What a kind of tokenizer assumes where the file says nothing. */
export interface SpecialDefaults {
  bos?: number;
  eos?: number;
  unknown?: number;
  separator?: number;
  padding?: number;
  addBos: boolean;
  addEos: boolean;
}

export interface Specials {
  tokens: SpecialTokens;
  /** Tokens after which nothing more is generated. */
  ends: Set<number>;
}

/** Reads the special tokens and corrects the attributes in `vocabulary` that depend on them. */
export function readSpecialTokens(
  source: VocabularySource,
  vocabulary: Vocabulary,
  defaults: SpecialDefaults,
): Specials {
  const id = (name: string, fallback?: number) => {
    const given = source.number(`tokenizer.ggml.${name}`) ?? -1;
    if (given >= 0 && given < vocabulary.size) return given;
    return fallback !== undefined && fallback < vocabulary.size ? fallback : undefined;
  };
  const ends = new Set<number>();
  const tokens: SpecialTokens = {
    bos: id("bos_token_id", defaults.bos),
    eos: id("eos_token_id", defaults.eos),
    eot: id("eot_token_id") ?? firstControl(vocabulary, turnEnds),
    unknown: id("unknown_token_id", defaults.unknown),
    separator: id("seperator_token_id", defaults.separator), // spelt so in the format
    padding: id("padding_token_id", defaults.padding),
    addBos: source.boolean("tokenizer.ggml.add_bos_token") ?? defaults.addBos,
    addEos: source.boolean("tokenizer.ggml.add_eos_token") ?? defaults.addEos,
  };
  const eom = id("eom_token_id") ?? firstControl(vocabulary, ["<|eom_id|>"]);
  for (const { keys, texts, ends: endsGeneration } of fillInMarkers) {
    const given = keys.map((key) => id(key)).find((token) => token !== undefined);
    const marker = given ?? firstControl(vocabulary, texts);
    if (endsGeneration && marker !== undefined) ends.add(marker);
  }
  for (const text of generationEnds) {
    const token = markControl(vocabulary, text);
    if (token !== undefined) ends.add(token);
  }
  for (const text of shownMarkers) setAttribute(vocabulary, text, attribute.userDefined);
  for (const token of [tokens.eos, tokens.eot, eom]) if (token !== undefined) ends.add(token);
  dropFalseEnds(vocabulary, ends);
  return { tokens, ends };
}

/** Texts that end a generation in most models and not where certain others are ends as well. */
function dropFalseEnds(vocabulary: Vocabulary, ends: Set<number>): void {
  const isEnd = (text: string) => ends.has(vocabulary.findText(text));
  const calls = isEnd("<|call|>") || isEnd("<|calls|>");
  if (calls && (isEnd("<|return|>") || isEnd("<|flush|>")) && isEnd("<|end|>")) {
    ends.delete(setAttribute(vocabulary, "<|end|>", attribute.userDefined));
  }
  if ((isEnd("<|tool_response>") || isEnd("<|plamo:eos|>")) && isEnd("</s>")) {
    ends.delete(setAttribute(vocabulary, "</s>", attribute.normal));
  }
}

function firstControl(vocabulary: Vocabulary, texts: string[]): number | undefined {
  const found = texts.find((text) => vocabulary.findText(text) >= 0);
  return found === undefined ? undefined : markControl(vocabulary, found);
}

/** Makes the token a control token, which some files forgot; undefined when there is no such token. */
function markControl(vocabulary: Vocabulary, text: string): number | undefined {
  const token = vocabulary.findText(text);
  if (token < 0) return undefined;
  vocabulary.attributes[token] |= attribute.control;
  return token;
}

function setAttribute(vocabulary: Vocabulary, text: string, value: number): number {
  const token = vocabulary.findText(text);
  if (token >= 0) vocabulary.attributes[token] = value;
  return token;
}

/** Tokens that a text is cut at before anything else, the longest text first. */
export function separateTokens(vocabulary: Vocabulary): number[] {
  const mask = attribute.control | attribute.userDefined | attribute.unknown;
  const { attributes, offsets } = vocabulary;
  const tokens: number[] = [];
  for (let token = 0; token < vocabulary.size; token++) {
    if ((attributes[token] & mask) !== 0) tokens.push(token);
  }
  const length = (token: number) => offsets[token + 1] - offsets[token];
  return tokens.sort((a, b) => length(b) - length(a) || a - b);
}

/**
 * Marks the tokens that take white space beside them along; files do not tell, so that it goes by the
 * model's name.
 */
export function markStripping(source: VocabularySource, vocabulary: Vocabulary, separate: number[]): void {
  const pre = source.string("tokenizer.ggml.pre") ?? "";
  const architecture = source.string("general.architecture") ?? "";
  const name = (source.string("general.name") ?? "").toLowerCase();
  const mark = (text: string, bit: number, on: boolean) => {
    const token = vocabulary.findText(text);
    if (token < 0) return;
    if (on) vocabulary.attributes[token] |= bit;
    else vocabulary.attributes[token] &= ~bit;
  };
  if (/jina-v2-(de|es|code)/.test(pre) || /nomic-bert-moe|jina-bert-v3/.test(architecture)) {
    mark("<mask>", attribute.stripLeft, true);
  } else if (/phi-?3/.test(name)) {
    for (const token of separate) vocabulary.attributes[token] |= attribute.stripRight;
    mark("</s>", attribute.stripRight, true);
    for (const text of ["<unk>", "<s>", "<|endoftext|>"]) mark(text, attribute.stripRight, false);
  } else if (name.includes("modern-bert")) mark("[MASK]", attribute.stripLeft, true);
}

/**
 * How each `tokenizer.ggml.pre` cuts a text into words before byte pair encoding, and what else hangs on it.
 * Facts: the models' tokenizer.json files in the forms in which llama.cpp applies them (llama-vocab.cpp).
 */
import {
  cutBeforeThrees,
  cutDigits,
  cutLines,
  cutSpacesByPowers,
  cutThreesFromRight,
  cutTrailingSpace,
} from "./cut_runs.ts";
import { cutByCategories, cutByCharacters, folded } from "./cut_pattern.ts";
import { cutGpt2, cutWords } from "./cut_words.ts";
import type { Cutter } from "./split.ts";

export interface PreTokenizer {
  cutters: readonly Cutter[];
  /** A word that is a token stays whole, whatever the merges say. */
  ignoreMerges?: boolean;
  /** Begin with bos where the file does not say. */
  addBos?: boolean;
  /** Merges work on characters and not on bytes. */
  characters?: boolean;
  /** Blanks become U+2581 before the words are cut. */
  escapeSpaces?: boolean;
  /** A run of line feeds that is a token stays whole. */
  newlinesWhole?: boolean;
  /** Begins with bos whatever the file says. */
  alwaysBos?: boolean;
  /** White space only separates words; it is not encoded. */
  dropSpaces?: boolean;
  /** Words are encoded in lower case (with `dropSpaces`). */
  lowerCase?: boolean;
}

const { L, M, N, P, S } = folded;

/** The letters with case that DeepSeek LLM's tokenizer names, below U+10000. */
// deno-fmt-ignore
const casedLetters = [
  "A-Za-z\\u00b5\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u01ba\\u01bc-\\u01bf\\u01c4-\\u0293\\u0295-\\u02af",
  "\\u0370-\\u0373\\u0376\\u0377\\u037b-\\u037d\\u037f\\u0386\\u0388-\\u038a\\u038c\\u038e-\\u03a1\\u03a3-\\u03f5",
  "\\u03f7-\\u0481\\u048a-\\u052f\\u0531-\\u0556\\u10a0-\\u10c5\\u13a0-\\u13f5\\u13f8-\\u13fd\\u1c90-\\u1cba",
  "\\u1cbd-\\u1cbf\\u1d00-\\u1d2b\\u1d6b-\\u1d77\\u1d79-\\u1d9a\\u1e00-\\u1f15\\u1f18-\\u1f1d\\u1f20-\\u1f45",
  "\\u1f48-\\u1f4d\\u1f50-\\u1f57\\u1f59\\u1f5b\\u1f5d\\u1f5f-\\u1f7d\\u1f80-\\u1fb4\\u1fb6-\\u1fbc\\u1fbe",
  "\\u1fc2-\\u1fc4\\u1fc6-\\u1fcc\\u1fd0-\\u1fd3\\u1fd6-\\u1fdb\\u1fe0-\\u1fec\\u1ff2-\\u1ff4\\u1ff6-\\u1ffc\\u2102",
  "\\u2107\\u210a-\\u2113\\u2115\\u2119-\\u211d\\u2124\\u2126\\u2128\\u212a-\\u212d\\u212f-\\u2134\\u2139",
  "\\u213c-\\u213f\\u2145-\\u2149\\u214e\\u2183\\u2184\\u2c00-\\u2c7b\\u2c7e-\\u2ce4\\u2ceb-\\u2cee\\u2cf2\\u2cf3",
  "\\ua640-\\ua66d\\ua680-\\ua69b\\ua722-\\ua76f\\ua771-\\ua787\\ua78b-\\ua78e\\uab70-\\uabbf\\ufb00-\\ufb06",
  "\\ufb13-\\ufb17\\uff21-\\uff3a\\uff41-\\uff5a",
].join("");

const cjk = "[\\u4e00-\\u9fa5\\u3040-\\u309f\\u30a0-\\u30ff]+";
const ideographs = "[\\u4e00-\\u9fa5\\u0800-\\u4e00\\uac00-\\ud7ff]+";
const sentenceEnds = " ?[^(\\s|.,!?\\u2026\\u3002\\uff0c\\u3001\\u0964\\u06d4\\u060c)]+";
const asciiPunctuation = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+";
const deepseek3Words = `${asciiPunctuation}|[^\\r\\n${L}${P}${S}]?[${L}${M}]+| ?[${P}${S}]+[\\r\\n]*|` +
  "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const sparkWords = `${asciiPunctuation}|[^\\r\\n${L}${P}${S}]?[${L}${M}]+| ?[${P}${S}]+|[\\r\\n]|` +
  "\\s+(?!\\S)|\\s+";
const contractions = "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]";
const llama3 = cutWords({ contractions: "first", digits: 3 });
const qwen2 = cutWords({ contractions: "first", digits: 1 });
const gpt4o = [cutWords({
  contractions: "suffix",
  digits: 3,
  cased: true,
  tail: "newlines and slashes",
})];
const threeDigits = cutByCharacters("[0-9][0-9][0-9]");

const gpt2Like: PreTokenizer = { cutters: [cutGpt2] };
const starcoderLike: PreTokenizer = { cutters: [cutDigits(1), cutGpt2] };
const llama3Like: PreTokenizer = { cutters: [llama3] };
const qwen2Like: PreTokenizer = { cutters: [qwen2] };
const deepseek3Like: PreTokenizer = {
  cutters: [cutDigits(3), cutByCharacters(cjk), cutByCategories(deepseek3Words)],
};
const linesOnly: PreTokenizer = { cutters: [cutLines], characters: true, escapeSpaces: true };
const gemma4: PreTokenizer = { ...linesOnly, newlinesWhole: true, alwaysBos: true };
const tinyAya: PreTokenizer = {
  cutters: [
    cutThreesFromRight,
    cutWords({ contractions: "suffix", digits: 3, marks: "too", tail: "newlines and slashes" }),
  ],
};

/** Families in the order of llama.cpp's list: names that share a pre-tokenizer stand together. */
const families: [names: string, PreTokenizer][] = [
  ["default", {
    cutters: [
      cutByCategories(`[${P}\\$\\+<=>\\^~\\|]+`),
      cutGpt2,
      cutDigits(Infinity),
      threeDigits,
    ],
  }],
  [
    "llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
    { ...llama3Like, ignoreMerges: true, addBos: true },
  ],
  ["dbrx smaug-bpe chatglm-bpe", llama3Like],
  ["glm4 glm5", { ...llama3Like, ignoreMerges: true }],
  ["minicpm5", {
    cutters: [cutDigits(3), cutWords({ contractions: "first", digits: Infinity })],
    ignoreMerges: true,
  }],
  ["jais-2", { cutters: [llama3, cutSpacesByPowers] }],
  ["deepseek-llm", {
    cutters: [
      cutByCharacters("[\\r\\n]"),
      cutByCharacters(`\\s?[${casedLetters}]+`),
      cutByCharacters("\\s?[!-/:-~\\uff01-\\uff0f\\uff1a-\\uff5e\\u2018-\\u201f\\u3000-\\u3002]+"),
      cutTrailingSpace,
      cutByCharacters(ideographs),
      cutDigits(Infinity),
    ],
  }],
  ["deepseek-coder", {
    cutters: [
      cutByCharacters("[\\r\\n]"),
      cutByCategories(`\\s?[${L}]+`),
      cutByCategories(`\\s?[${P}]+`),
      cutByCharacters(ideographs),
      cutDigits(1),
    ],
  }],
  ["deepseek-v3 hunyuan-dense joyai-llm hy_v4", deepseek3Like],
  ["spark2_5", {
    cutters: [cutDigits(3), cutByCharacters(cjk), cutByCategories(sparkWords), cutDigits(1)],
  }],
  ["youtu", {
    cutters: [
      cutByCharacters(
        "[\\uac00-\\ud7a3\\u3131-\\u318e]+|" +
          "[\\uff01\\u2026\\u201c\\u201d\\u2018\\u2019\\u2014\\uff1a\\uff1b\\uff0c\\u3001-\\u303f\\ufe30-\\ufe4f]+|" +
          "[\\u3105-\\u312f]+|" + cjk,
      ),
      cutWords({ contractions: "suffix", digits: 1, marks: "too", tail: "newlines and slashes" }),
    ],
    ignoreMerges: true,
  }],
  ["falcon", { cutters: [cutByCategories(`[${P}\\$\\+<=>\\^~\\|\`]+`), cutGpt2, threeDigits] }],
  ["starcoder refact command-r smollm codeshell exaone minerva-7b mellum2", starcoderLike],
  [
    "gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert mpt olmo jais trillion " +
    "granite-docling exaone4 jina-v1-en jina-v2-code roberta-bpe",
    gpt2Like,
  ],
  [
    "qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2 bailingmoe bailingmoe2 llada-moe",
    qwen2Like,
  ],
  ["qwen35", { cutters: [cutWords({ contractions: "first", digits: 1, marks: "only" })] }],
  ["poro-chat bloom gpt3-finnish", { cutters: [cutByCharacters(sentenceEnds)] }],
  ["viking", { cutters: [cutByCharacters(sentenceEnds), cutDigits(1)] }],
  ["tekken", {
    cutters: [cutWords({ contractions: "none", digits: 1, cased: true, tail: "newlines and slashes" })],
    ignoreMerges: true,
    addBos: true,
  }],
  ["chameleon", {
    cutters: [
      cutByCharacters("<sentinel:[0-9]+>"),
      cutByCharacters("IMGIMG[A-I]{1,4}Z"),
      cutByCharacters("[\\t\\n]|    |  "),
      cutDigits(1),
      cutByCategories(`[${P}!-/:-@\\[-\`{-~]`),
      cutGpt2,
    ],
    addBos: true,
  }],
  ["gpt-4o llama4 kanana2 talkie minimax-m2", { cutters: gpt4o }],
  ["granite-embed-multi-97m", {
    cutters: [cutWords({
      contractions: "suffix",
      digits: 3,
      cased: true,
      marks: "too",
      tail: "newlines and slashes",
    })],
    ignoreMerges: true,
  }],
  ["tiny_aya cohere2moe", tinyAya],
  ["kimi-k2", { cutters: [cutWords({ contractions: "suffix", digits: 3, han: true })] }],
  ["superbpe", { cutters: [cutDigits(Infinity), cutBeforeThrees] }],
  ["seed-coder", { cutters: [cutWords({ contractions: "first", digits: 1, tail: "nothing" })] }],
  ["ufakzeka", { cutters: [cutWords({ contractions: "none", digits: 1 })] }],
  ["afmoe", {
    cutters: [
      cutThreesFromRight,
      cutByCharacters(
        "[\\u4e00-\\u9fff\\u3400-\\u4dbf\\u8c48-\\ufaff\\u3040-\\u309f\\u30a0-\\u30ff\\uff65-\\uff9f" +
          "\\u2f00-\\u2fdf\\u0e40-\\u0e7f\\u0e80-\\u0eff\\u1780-\\u17ff\\u1000-\\u109f\\uaa60-\\uaa7f" +
          "\\ua9e0-\\ua9ff\\uac00-\\ud7af\\u1100-\\u11ff]+",
      ),
      cutByCategories(deepseek3Words),
    ],
  }],
  ["laguna", { cutters: [cutLines, qwen2] }],
  ["exaone-moe", {
    cutters: [cutByCategories(
      `(?:${contractions})|[^\\r\\n${L}${N}]?[${L}]${M}*(?: ?[${L}]${M}*)*|[${N}]| ?[^\\s${L}${N}]+[\\r\\n/]?|` +
        "\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
    )],
  }],
  ["gemma4 granite-embed-multi-311m", gemma4],
  ["sarvam-moe", linesOnly],
  ["whitespace", { cutters: [cutByCharacters("\\S+")], characters: true }],
];

const byName = new Map(
  families.flatMap(([names, pre]) => names.split(" ").map((name) => [name, pre] as const)),
);

/** The pre-tokenizer of that name; undefined for a name that is not known. */
export function preTokenizer(name: string): PreTokenizer | undefined {
  return byName.get(name);
}

/** All names that are known. */
export const preTokenizerNames: readonly string[] = [...byName.keys()];

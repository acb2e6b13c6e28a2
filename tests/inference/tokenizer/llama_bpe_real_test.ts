/** Byte-level BPE of every model family of which a vocabulary can be had, against llama.cpp's. */
import { smollm2 } from "../../support/models.ts";
import { compareWithLlama, sourceVocabulary } from "./compare.ts";

const vocabularies = [
  "aquila",
  "command-r",
  "deepseek-coder",
  "deepseek-llm",
  "falcon",
  "gpt-2",
  "gpt-neox",
  "llama-bpe",
  "mpt",
  "qwen2",
  "qwen35",
  "refact",
  "starcoder",
];

compareWithLlama("smollm2", smollm2);
for (const name of vocabularies) compareWithLlama(name, () => sourceVocabulary(name));

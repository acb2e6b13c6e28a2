/** SentencePiece (merging and unigram), merging over characters and WordPiece against llama.cpp's. */
import { gemma3 } from "../../support/models.ts";
import { compareWithLlama, sourceVocabulary } from "./compare.ts";

compareWithLlama("gemma3", gemma3);
for (const name of ["llama-spm", "phi-3", "baichuan", "gemma-4", "nomic-bert-moe", "bert-bge"]) {
  compareWithLlama(name, () => sourceVocabulary(name));
}

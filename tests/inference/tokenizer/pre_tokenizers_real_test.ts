/**
 * Every pre-tokenizer against llama.cpp's, also those of models whose vocabulary cannot be had: one
 * vocabulary is given the name of each.
 */
import assert from "node:assert/strict";
import { readGguf } from "../../../inference/gguf/mod.ts";
import { openTokenizer } from "../../../inference/tokenizer/mod.ts";
import { preTokenizer, preTokenizerNames } from "../../../inference/tokenizer/pre_tokenizers.ts";
import { llamaLibraries, LlamaTokenizer } from "../../support/llama_tokenizer.ts";
import { llamaSourceModels } from "../../support/models.ts";
import { realTest } from "../../support/parts.ts";
import { randomNumbers, randomText, texts } from "./corpus.ts";

/** Any byte-level vocabulary; those of larger ones take longer. */
const vocabulary = Deno.env.get("SKIFF_TEST_VOCABULARY") ?? "gpt-2";
const randomTexts = 150;
/** Names that share a pre-tokenizer with one before them are only looked up. */
const textsOfAliases = 20;
/** Not known to the llama.cpp that we compare with. */
const newer = ["glm5"];

/** The same GGUF with another string for a key. It has no tensors, so that bytes may move. */
function withString(file: Uint8Array, key: string, value: string): Uint8Array {
  const at = findBytes(file, new TextEncoder().encode(key)) + key.length + 4; // behind the value's type
  const length = new DataView(file.buffer).getUint32(at, true);
  const bytes = new TextEncoder().encode(value);
  const result = new Uint8Array(file.length - length + bytes.length);
  result.set(file.subarray(0, at));
  new DataView(result.buffer).setUint32(at, bytes.length, true);
  result.set(bytes, at + 8);
  result.set(file.subarray(at + 8 + length), at + 8 + bytes.length);
  return result;
}

function variant(file: Uint8Array, pre: string): Uint8Array {
  const named = withString(file, "tokenizer.ggml.pre", pre);
  return pre === "whitespace" ? withString(named, "tokenizer.ggml.model", "whitespace") : named;
}

function findBytes(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = bytes.indexOf(wanted[0]); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  throw new Error("The key is not there");
}

const needs = async () => ({
  file: await Deno.readFile(`${await llamaSourceModels()}/models/ggml-vocab-${vocabulary}.gguf`),
  libraries: await llamaLibraries(),
});

realTest("every pre-tokenizer cuts as llama.cpp's", needs, async ({ file, libraries }, t) => {
  const random = randomNumbers(7);
  const sample = [...texts, ...Array.from({ length: randomTexts }, () => randomText(random))];
  const families = new Set();
  for (const pre of preTokenizerNames) {
    if (newer.includes(pre)) continue;
    const alias = families.has(preTokenizer(pre));
    families.add(preTokenizer(pre));
    await t.step(pre, async () => {
      const bytes = variant(file, pre);
      const path = await Deno.makeTempFile({ suffix: ".gguf" });
      await Deno.writeFile(path, bytes);
      const theirs = new LlamaTokenizer(libraries, path);
      await Deno.remove(path);
      const ours = openTokenizer(await readGguf(bytes));
      for (const text of alias ? sample.slice(0, textsOfAliases) : sample) {
        assert.deepEqual([...ours.encode(text)], [...theirs.encode(text)], JSON.stringify(text));
      }
      theirs.close();
    });
  }
});

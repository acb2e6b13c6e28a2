/** Compares a tokenizer with llama.cpp's own, token for token. */
import assert from "node:assert/strict";
import { openGguf } from "../../../inference/gguf/mod.ts";
import { openTokenizer, type Tokenizer } from "../../../inference/tokenizer/mod.ts";
import { llamaLibraries, LlamaTokenizer } from "../../support/llama_tokenizer.ts";
import { llamaSourceModels } from "../../support/models.ts";
import { realTest } from "../../support/parts.ts";
import { randomNumbers, randomText, texts } from "./corpus.ts";

const randomTexts = Number(Deno.env.get("SKIFF_TEST_RANDOM_TEXTS") ?? 120);

const optionSets = [false, true].flatMap((addSpecial) =>
  [false, true].map((parseSpecial) => ({ addSpecial, parseSpecial }))
);

interface Sides {
  ours: Tokenizer;
  theirs: LlamaTokenizer;
}

function compare({ ours, theirs }: Sides, text: string): void {
  for (const options of optionSets) {
    const expected = theirs.encode(text, options);
    const got = ours.encode(text, options);
    assert.deepEqual([...got], [...expected], `${JSON.stringify(text)} with ${JSON.stringify(options)}`);
  }
}

function compareTokens({ ours, theirs }: Sides): void {
  assert.equal(ours.size, theirs.size);
  for (let token = 0; token < ours.size; token++) {
    for (const special of [false, true]) {
      const got = ours.bytes(token, { special });
      const expected = theirs.bytes(token, { special });
      if (!equal(got, expected) && !isPlaceholder(expected)) {
        assert.deepEqual(got, expected, `bytes of ${token} ${JSON.stringify(ours.text(token))}`);
      }
    }
    if (ours.isEndOfGeneration(token) !== theirs.isEndOfGeneration(token)) {
      assert.fail(`${token} ${ours.text(token)} ends a generation: ${ours.isEndOfGeneration(token)}`);
    }
  }
}

/** llama.cpp writes characters that the byte alphabet lacks as "[UNK_BYTE_0x…]"; we write them as they are. */
function isPlaceholder(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes).includes("[UNK_BYTE_0x");
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Without the clean-up of blanks before punctuation that llama.cpp does for some models. */
const cleansUp = [
  "aquila",
  "gpt-2",
  "llama-bpe",
  "falcon",
  "mpt",
  "starcoder",
  "refact",
  "bert-bge",
  "gemma-4",
  "gpt-neox",
];

function compareDecoding(name: string, { ours, theirs }: Sides, text: string): void {
  const tokens = ours.encode(text);
  const special = { special: true };
  const whole = ours.decode(tokens, special);
  if (!cleansUp.includes(name)) assert.equal(whole, theirs.decode(tokens, special), JSON.stringify(text));
  const stream = ours.stream(special);
  const pieces = Array.from(tokens, (token) => stream.push(token));
  const streamed = pieces.join("") + stream.end();
  assert.equal(streamed.endsWith(whole), true, `${JSON.stringify(streamed)} and ${JSON.stringify(whole)}`);
  assert.equal(pieces.every((piece) => piece.isWellFormed()), true);
}

/** llama.cpp's own cases: texts, and the tokens of each on a line. */
async function compareCases({ ours }: Sides, model: string): Promise<void> {
  const inputs = await Deno.readTextFile(`${model}.inp`).catch(() => "");
  if (inputs === "") return;
  const outputs = (await Deno.readTextFile(`${model}.out`)).split("\n");
  for (const [i, text] of inputs.split("\n__ggml_vocab_test__\n").entries()) {
    if (i === outputs.length - 1) break;
    const expected = outputs[i].trim() === "" ? [] : outputs[i].trim().split(" ").map(Number);
    assert.deepEqual([...ours.encode(text)], expected, JSON.stringify(text));
  }
}

async function both(model: string, libraries: string): Promise<Sides> {
  return { ours: openTokenizer(await openGguf(model)), theirs: new LlamaTokenizer(libraries, model) };
}

/** Declares the test of one vocabulary: all texts, all tokens, llama.cpp's own cases. */
export function compareWithLlama(name: string, model: () => Promise<string>): void {
  const needs = async () => ({ path: await model(), libraries: await llamaLibraries() });
  realTest(`${name} is cut as llama.cpp cuts it`, needs, async ({ path, libraries }) => {
    const sides = await both(path, libraries);
    const random = randomNumbers(Number(Deno.env.get("SKIFF_TEST_SEED") ?? 20));
    const all = [...texts, ...Array.from({ length: randomTexts }, () => randomText(random))];
    for (const text of all) {
      compare(sides, text);
      compareDecoding(name, sides, text);
    }
    compareTokens(sides);
    await compareCases(sides, path);
    sides.theirs.close();
  });
}

/** A vocabulary out of llama.cpp's sources. */
export async function sourceVocabulary(name: string): Promise<string> {
  return `${await llamaSourceModels()}/models/ggml-vocab-${name}.gguf`;
}

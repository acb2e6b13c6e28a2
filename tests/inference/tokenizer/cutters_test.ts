import assert from "node:assert/strict";
import { preTokenizer, preTokenizerNames } from "../../../inference/tokenizer/pre_tokenizers.ts";
import { splitWords } from "../../../inference/tokenizer/split.ts";

function words(pre: string, text: string): string[] {
  const found: string[] = [];
  splitWords(text, preTokenizer(pre)!, (start, end) => found.push(text.slice(start, end)));
  return found;
}

const cases: [pre: string, text: string, words: string[]][] = [
  ["gpt-2", "It's 12 o'clock!  \n x", ["It", "'s", " 12", " o", "'", "clock", "!", "  \n", " x"]],
  ["llama-bpe", "IT'S 12345 a\n\n b", ["IT", "'S", " ", "123", "45", " a", "\n\n", " b"]],
  ["llama-bpe", "a,\n\nb  \n  c", ["a", ",\n\n", "b", "  \n", " ", " c"]],
  ["qwen2", "x123 $y", ["x", "1", "2", "3", " $", "y"]],
  ["qwen35", "e\u0301a \u0301", ["e\u0301a", " \u0301"]],
  ["smollm", "a12 3", ["a", "1", "2", " ", "3"]],
  ["tekken", "parseXMLDoc a/b//\n", ["parse", "XMLDoc", " a", "/b", "//\n"]],
  ["gpt-4o", "McDonald's 1234", ["Mc", "Donald's", " ", "123", "4"]],
  ["deepseek-v3", "12345你好ab .\n", ["123", "45", "你好", "ab", " .\n"]],
  ["kimi-k2", "Hi你好it's", ["Hi", "你好", "it's"]],
  ["superbpe", "x1234567y", ["x", "1", "234", "567", "y"]],
  ["jais-2", `a${" ".repeat(8)}b \n  c`, ["a", " ".repeat(4), "  ", " ", " b", " \n", " ", " c"]],
  ["deepseek-llm", "ab的  \t", ["ab", "的", "  \t"]],
  ["viking", "ab1 cd", ["ab", "1", " cd"]],
  ["gemma4", "a b\n\nc", ["a b", "\n\n", "c"]],
  ["gpt-2", "🙂 a\u{1d400}", ["🙂", " a\u{1d400}"]],
  ["gpt-2", "", []],
];

for (const [pre, text, expected] of cases) {
  Deno.test(`${pre} cuts ${JSON.stringify(text)}`, () => assert.deepEqual(words(pre, text), expected));
}

Deno.test("every pre-tokenizer gives back the whole text", () => {
  const text = "It's  A\u0301bc\r\n\t 12345 \u{1f642}你好 \u{10400}𝟘 x\u00a0 \u0000\ufeff'LL\n\n";
  for (const pre of preTokenizerNames) assert.equal(words(pre, text).join(""), text, pre);
});

Deno.test("long runs of one character take no longer than they should", () => {
  for (const pre of preTokenizerNames) {
    for (const character of ["A", "a", " ", "\n", "7", "!", "的"]) {
      assert.equal(words(pre, character.repeat(5000)).join("").length, 5000, pre);
    }
  }
});

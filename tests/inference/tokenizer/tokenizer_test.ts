import assert from "node:assert/strict";
import { StringArray } from "../../../inference/gguf/mod.ts";
import {
  openTokenizer,
  type Tokenizer,
  tokenTypes,
  type VocabularySource,
} from "../../../inference/tokenizer/mod.ts";
import type { SkiffError } from "../../../core/errors/skiff_error.ts";
import { characterOfByte } from "../../../inference/tokenizer/byte_alphabet.ts";

type Value = string | number | boolean | string[] | number[];

/** Metadata out of plain values; keys without "tokenizer.ggml.". */
function source(values: Record<string, Value | undefined>): { metadata: VocabularySource } {
  const get = (key: string): any => values[key.replace("tokenizer.ggml.", "")];
  const strings = (key: string) => get(key) && StringArray.from(get(key));
  return { metadata: { string: get, number: get, boolean: get, numbers: get, strings } };
}

const bytes = characterOfByte.map((character) => String.fromCodePoint(character));

interface Extra {
  tokens?: string[];
  types?: number[];
  merges?: string[];
  more?: Record<string, Value>;
}

/** All bytes, then the given tokens (normal unless `types` says otherwise). */
function byteLevel({ tokens = [], types = [], merges = [], more = {} }: Extra = {}): Tokenizer {
  return openTokenizer(source({
    model: "gpt2",
    pre: "gpt-2",
    tokens: [...bytes, ...tokens],
    token_type: [...bytes.map(() => 1), ...tokens.map((_, i) => types[i] ?? 1)],
    merges,
    ...more,
  }));
}

function cut(tokenizer: Tokenizer, text: string, options = {}): string[] {
  return Array.from(tokenizer.encode(text, options), (token) => tokenizer.text(token));
}

Deno.test("byte pair encoding merges the lowest rank first, from the left", () => {
  const tokenizer = byteLevel({ tokens: ["ab", "bc", "aab", "aa"], merges: ["a a", "b c", "a b", "aa b"] });
  assert.deepEqual(cut(tokenizer, "aab"), ["aab"]);
  assert.deepEqual(cut(tokenizer, "abc"), ["a", "bc"]);
  assert.deepEqual(cut(tokenizer, "aaaab"), ["aa", "aab"]);
  assert.deepEqual(cut(tokenizer, "aaa"), ["aa", "a"]);
});

Deno.test("merges may pass through texts that are no tokens", () => {
  const tokenizer = byteLevel({ tokens: ["xyz"], merges: ["x y", "xy z"] });
  assert.deepEqual(cut(tokenizer, "xyz"), ["xyz"]);
  assert.deepEqual(cut(tokenizer, "xy"), ["x", "y"]);
});

Deno.test("a model that ignores merges keeps words that are tokens", () => {
  const more = { pre: "llama-bpe", add_bos_token: false };
  assert.deepEqual(cut(byteLevel({ tokens: ["hello"], more }), "hello hello"), [
    "hello",
    "Ġ",
    "h",
    "e",
    "l",
    "l",
    "o",
  ]);
});

Deno.test("special tokens in a text", async (t) => {
  const tokens = ["<|im_end|>", "<tool>", "<tool>s", "<s>"];
  const types = [tokenTypes.control, tokenTypes.userDefined, tokenTypes.userDefined, tokenTypes.control];
  const more = { bos_token_id: 259, eos_token_id: 256, add_bos_token: true };
  const tokenizer = byteLevel({ tokens, types, more });
  const cases: [string, string, object, string[]][] = [
    ["control tokens only when asked", "<s>", { parseSpecial: true }, ["<s>"]],
    ["control tokens as text otherwise", "<s>", {}, ["<", "s", ">"]],
    ["user-defined ones always", "a<tool>b", {}, ["a", "<tool>", "b"]],
    ["the longest first", "<tool>s<tool>", {}, ["<tool>s", "<tool>"]],
    ["bos where the model wants it", "a", { addSpecial: true }, ["<s>", "a"]],
    ["nothing but bos for no text", "", { addSpecial: true }, ["<s>"]],
  ];
  for (const [name, text, options, expected] of cases) {
    await t.step(name, () => assert.deepEqual(cut(tokenizer, text, options), expected));
  }
});

Deno.test("ends of generations are known by their texts", () => {
  const control = tokenTypes.control;
  const plain = byteLevel({
    tokens: ["<|im_end|>", "<|end|>", "<|eom_id|>", "x"],
    types: [control, control, control],
  });
  assert.deepEqual([256, 257, 258, 259].map((token) => plain.isEndOfGeneration(token)), [
    true,
    true,
    true,
    false,
  ]);
  assert.equal(plain.special.eot, 256);
  const harmony = byteLevel({
    tokens: ["<|end|>", "<|return|>", "<|call|>"],
    types: [control, control, control],
  });
  assert.deepEqual([256, 257, 258].map((token) => harmony.isEndOfGeneration(token)), [false, true, true]);
  assert.equal(harmony.type(256), tokenTypes.userDefined);
});

Deno.test("a token with no type of its own that ends a turn becomes a control token", () => {
  const tokenizer = byteLevel({ tokens: ["<|im_end|>"] });
  assert.equal(tokenizer.type(256), tokenTypes.control);
  assert.deepEqual(tokenizer.bytes(256), new Uint8Array(0));
  assert.equal(tokenizer.decode([256], { special: true }), "<|im_end|>");
});

Deno.test("bytes come back as they were", () => {
  const tokenizer = byteLevel();
  const text = "ab \u0000\u007f é的\u{1f642}\ufeff\n";
  assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
  assert.equal(tokenizer.decode(tokenizer.encode("\ud83d!")), "\ufffd!");
  assert.deepEqual(tokenizer.bytes(tokenizer.find("Ġ")!), Uint8Array.of(0x20));
  assert.deepEqual(tokenizer.bytes(100000), new Uint8Array(0));
});

Deno.test("a stream gives whole characters only", () => {
  const tokenizer = byteLevel();
  const stream = tokenizer.stream();
  const pushed = Array.from(tokenizer.encode("a🙂é"), (token) => stream.push(token));
  assert.deepEqual(pushed, ["a", "", "", "", "🙂", "", "é"]);
  assert.equal(stream.end(), "");
  const broken = tokenizer.stream();
  assert.equal(broken.push(tokenizer.encode("é")[0]), "");
  assert.equal(broken.end(), "\ufffd");
});

const byteNames = Array.from(
  { length: 256 },
  (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, "0")}>`,
);

function sentencePiece(tokens: [text: string, score: number][], more: Record<string, Value> = {}): Tokenizer {
  const head = ["<unk>", "<s>", "</s>"];
  return openTokenizer(source({
    model: "llama",
    tokens: [...head, ...byteNames, ...tokens.map(([text]) => text)],
    scores: [0, 0, 0, ...byteNames.map(() => 0), ...tokens.map(([, score]) => score)],
    token_type: [2, 3, 3, ...byteNames.map(() => 6), ...tokens.map(() => 1)],
    ...more,
  }));
}

Deno.test("SentencePiece merges the best score first and falls back to bytes", () => {
  const tokenizer = sentencePiece([["▁", -1], ["a", -2], ["b", -3], ["ab", -9], ["▁a", -8], ["▁ab", -12], [
    "bb",
    -5,
  ]]);
  assert.deepEqual(cut(tokenizer, "ab"), ["▁ab"]);
  assert.deepEqual(cut(tokenizer, "abb"), ["▁a", "bb"]);
  assert.deepEqual(cut(tokenizer, "é", { addSpecial: true }), ["<s>", "▁", "<0xC3>", "<0xA9>"]);
  assert.equal(tokenizer.decode(tokenizer.encode("a b é")), "a b é");
  assert.equal(tokenizer.decode(tokenizer.encode("ab", { addSpecial: true })), "ab");
});

Deno.test("SentencePiece puts a blank before each text that follows a special token", () => {
  const tokens: [string, number][] = [["▁", -1], ["a", -2], ["▁a", -3]];
  const marks = { parseSpecial: true };
  assert.deepEqual(cut(sentencePiece(tokens), "a</s>a", marks), ["▁a", "</s>", "▁a"]);
  const bare = sentencePiece(tokens, { add_space_prefix: false });
  assert.deepEqual(cut(bare, "a</s>a a", marks), ["a", "</s>", "a", "▁a"]);
});

Deno.test("tokens that reach over a blank are found", () => {
  const tokens: [string, number][] = [["a", -5], ["▁", -5], ["b", -5], ["a▁", -2], ["a▁b", -1]];
  assert.deepEqual(cut(sentencePiece(tokens, { add_space_prefix: false }), "a ba b"), ["a▁b", "a▁b"]);
});

Deno.test("unigram takes the most probable sequence", () => {
  const tokenizer = openTokenizer(source({
    model: "t5",
    tokens: ["<pad>", "</s>", "<unk>", "▁", "a", "b", "ab", "▁ab", "bc", "c"],
    scores: [0, 0, 0, -2, -3, -3, -5, -4, -3.5, -6],
    token_type: [3, 3, 2, 1, 1, 1, 1, 1, 1, 1],
    add_space_prefix: true,
    remove_extra_whitespaces: true,
  }));
  assert.deepEqual(cut(tokenizer, "ab"), ["▁ab"]);
  assert.deepEqual(cut(tokenizer, "abc"), ["▁", "a", "bc"]);
  assert.deepEqual(cut(tokenizer, "  ab   ab "), ["▁ab", "▁ab"]);
  assert.deepEqual(cut(tokenizer, "éèa", { addSpecial: true }), ["▁", "<unk>", "a", "</s>"]);
});

Deno.test("WordPiece takes the longest tokens of normalised words", () => {
  const tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁play", "ing", "▁,", "▁e", "▁的"];
  const tokenizer = openTokenizer(source({
    model: "bert",
    tokens,
    token_type: [3, 2, 3, 3, 1, 1, 1, 1, 1],
    unknown_token_id: 1,
    bos_token_id: 2,
    seperator_token_id: 3,
  }));
  assert.deepEqual(cut(tokenizer, "Playing,"), ["▁play", "ing", "▁,"]);
  assert.deepEqual(cut(tokenizer, "É \u0301的e\u0000"), ["▁e", "▁的", "▁e"]);
  assert.deepEqual(cut(tokenizer, "player", { addSpecial: true }), ["[CLS]", "[UNK]", "[SEP]"]);
});

Deno.test("RWKV takes the longest token at every place", () => {
  const tokens = ["<unk>", "a", "ab", "abcd", "\\n", "\\xc3\\xa9", "b", "c"];
  const tokenizer = openTokenizer(source({ model: "rwkv", tokens }));
  assert.deepEqual([...tokenizer.encode("abc\né")], [2, 7, 4, 5]);
  assert.equal(tokenizer.decode([2, 7, 4, 5]), "abc\né");
});

Deno.test("long runs are encoded without recursion", () => {
  const merges = ["a a", "aa aa", "Ġ Ġ"];
  const tokenizer = byteLevel({ tokens: ["aa", "aaaa", "ĠĠ"], merges });
  assert.equal(tokenizer.encode("a".repeat(400_000)).length, 100_000);
  assert.equal(tokenizer.encode(" ".repeat(400_000)).length, 200_000);
});

Deno.test("what cannot be opened is refused with the reason", async (t) => {
  const cases: [string, Record<string, Value | undefined>, string, RegExp][] = [
    ["another kind", { model: "plamo2", tokens: ["a"] }, "unsupported", /plamo2/],
    ["no kind", { tokens: ["a"] }, "unsupported", /none/],
    ["another pre-tokenizer", { model: "gpt2", pre: "x-9", tokens: ["a"], merges: [] }, "unsupported", /x-9/],
    ["no vocabulary", { model: "gpt2" }, "corrupt", /no vocabulary/],
    ["no merges", { model: "gpt2", pre: "gpt-2", tokens: ["a"] }, "corrupt", /no merges/],
    ["few scores", { model: "llama", tokens: ["a", "b"], scores: [1] }, "corrupt", /only 1 entries/],
  ];
  for (const [name, values, code, message] of cases) {
    await t.step(name, () => {
      assert.throws(() => openTokenizer(source(values)), (error: SkiffError) => {
        return error.code === code && message.test(error.message);
      });
    });
  }
  assert.throws(() => byteLevel().text(-1), /no token -1/);
});

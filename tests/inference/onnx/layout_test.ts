import assert from "node:assert/strict";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { chooseVariant, type Dtype, filesOf, variantsOf } from "../../../inference/onnx/layout.ts";

const repository = [
  "README.md",
  "config.json",
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "chat_template.jinja",
  "1_Pooling/config.json",
  "vocab.txt",
  "model.safetensors",
  "onnx/model.onnx",
  "onnx/model.onnx_data",
  "onnx/model.onnx_data_1",
  "onnx/model_fp16.onnx",
  "onnx/model_q4.onnx",
  "onnx/model_q4.onnx_data",
  "onnx/model_quantized.onnx",
  "onnx/other.onnx",
];

Deno.test("variantsOf finds each type of numbers with its data", () => {
  const found = variantsOf(repository).map(({ dtype, graph, data }) => [dtype, graph, data.length]);
  assert.deepEqual(found, [
    ["fp32", "onnx/model.onnx", 2],
    ["fp16", "onnx/model_fp16.onnx", 0],
    ["q4", "onnx/model_q4.onnx", 1],
    ["q8", "onnx/model_quantized.onnx", 0],
  ]);
});

const choices: [string, string[], { dtype?: Dtype; generates: boolean }, string][] = [
  ["four bits for text", repository, { generates: true }, "onnx/model_q4.onnx"],
  ["eight bits for vectors", repository, { generates: false }, "onnx/model_quantized.onnx"],
  ["what was asked for", repository, { generates: true, dtype: "fp16" }, "onnx/model_fp16.onnx"],
  ["a graph without a folder", ["model.onnx"], { generates: false }, "model.onnx"],
  [
    "the older name of decoders",
    ["onnx/decoder_model_merged_quantized.onnx"],
    { generates: true },
    "onnx/decoder_model_merged_quantized.onnx",
  ],
];

for (const [what, paths, wish, graph] of choices) {
  Deno.test(`chooseVariant takes ${what}`, () => {
    assert.equal(chooseVariant(paths, { ...wish, name: "x" }).graph, graph);
  });
}

Deno.test("filesOf takes what describes the model, the graph and its data, and nothing else", () => {
  const variant = chooseVariant(repository, { generates: true, name: "x" });
  assert.deepEqual(filesOf(repository, variant, "x"), [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "1_Pooling/config.json",
    "onnx/model_q4.onnx",
    "onnx/model_q4.onnx_data",
  ]);
});

const refused: [string, () => unknown, string, RegExp][] = [
  [
    "no graph",
    () => chooseVariant(["config.json"], { generates: false, name: "x" }),
    "unsupported",
    /no onnx\/model/,
  ],
  [
    "a type that is not there",
    () => chooseVariant(repository, { generates: false, dtype: "bnb4", name: "x" }),
    "not_found",
    /"bnb4"/,
  ],
  [
    "no tokenizer",
    () => filesOf(["config.json", "onnx/model.onnx"], variantsOf(repository)[0], "x"),
    "unsupported",
    /no tokenizer\.json/,
  ],
];

for (const [what, call, code, message] of refused) {
  Deno.test(`${what} is refused`, () => {
    assert.throws(
      call,
      (error) => error instanceof SkiffError && error.code === code && message.test(error.message),
    );
  });
}

/** A cross-encoder on onnxruntime-web, against Microsoft's onnxruntime and, for the same weights, llama.cpp. */
import assert from "node:assert/strict";
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import { loadLlamaEngine } from "../../../../inference/engines/llama/engine.ts";
import { loadOnnxEngine } from "../../../../inference/engines/onnx/engine.ts";
import { openGguf } from "../../../../inference/gguf/mod.ts";
import { openHubModel } from "../../../../inference/runner/open_hub_model.ts";
import { encodePair } from "../../../../inference/runner/rerank.ts";
import { openTokenizer } from "../../../../inference/tokenizer/mod.ts";
import { tinyRerankerOnnx } from "../../../support/encoder_onnx.ts";
import { llamaLibrary } from "../../../support/llama_library.ts";
import { onnxFiles } from "../../../support/onnx_files.ts";
import { onnxRuntime } from "../../../support/onnx_runtime.ts";
import { realTest } from "../../../support/parts.ts";
import { pythonOnnx } from "../../../support/python_onnx.ts";
import { tinyReranker } from "../../../support/tiny_encoder.ts";

const query = "what is a whale";
const documents = ["a whale is a mammal", "rust", "the sea and all that swims in it", ""];

async function provision() {
  const folder = await tinyRerankerOnnx();
  const install = await onnxRuntime();
  return {
    folder,
    install,
    files: await onnxFiles(folder),
    python: await pythonOnnx(),
    library: await llamaLibrary(),
  };
}

const options = {
  contextTokens: 128,
  maxSequences: 1,
  embedding: true,
  pooling: "rank" as const,
  threads: 1,
};

realTest(
  "scores are those of Microsoft's onnxruntime, pairs together or one by one",
  provision,
  async (parts) => {
    const { files, install, python, folder } = parts;
    const { tokenizer } = await openHubModel(files);
    const engine = await loadOnnxEngine({ ...options, modelPath: "", files }, { install });
    const pairs = documents.map((document) => encodePair(query, document, { tokenizer }));
    const tokens = pairs.map((pair) => pair.tokens);
    const second = pairs.map((pair) => pair.secondFrom);
    const together = (await engine.embed(tokens, "rank", second)).map(([score]) => score);
    const texts = documents.map((document): [string, string] => [query, document]);
    const { ids, types } = await python.encode({
      tokenizer: `${folder}/tokenizer.json`,
      texts,
      special: true,
    });
    for (const [i, list] of ids.entries()) {
      assert.deepEqual([...tokens[i]], list);
      const { data } = await python.run({
        model: `${folder}/onnx/model.onnx`,
        inputs: { input_ids: [list], attention_mask: [list.map(() => 1)], token_type_ids: [types[i]] },
        output: "logits",
      });
      assert.ok(Math.abs(together[i] - data[0]) < 1e-4, documents[i]);
      const [[alone]] = await engine.embed([tokens[i]], "rank", [second[i]]);
      assert.ok(Math.abs(alone - data[0]) < 1e-4, documents[i]);
    }
    engine.close();
  },
);

realTest("llama.cpp gives the same scores where it is told of no second text", provision, async (parts) => {
  const { files, install, library } = parts;
  const modelPath = await tinyReranker();
  const tokenizer = openTokenizer(await openGguf(modelPath));
  const tokens = documents.map((document) => encodePair(query, document, { tokenizer }).tokens);
  const ours = await loadOnnxEngine({ ...options, modelPath: "", files }, { install });
  const theirs = await loadLlamaEngine({ ...options, modelPath }, {
    set: library.set,
    install: { root: library.root },
  });
  const scores = (await ours.embed(tokens, "rank")).map(([score]) => score);
  const expected = (await theirs.embed(tokens, "rank")).map(([score]) => score);
  ours.close();
  theirs.close();
  // ggml looks GELU up in a table of half floats
  scores.forEach((score, i) =>
    assert.ok(Math.abs(score - expected[i]) < 1e-2, `${score} and ${expected[i]}`)
  );
});

realTest("both tokenizers of the model frame a pair alike", provision, async ({ files }) => {
  const gguf = openTokenizer(await openGguf(await tinyReranker()));
  const { tokenizer } = await openHubModel(files);
  for (const document of documents) {
    assert.deepEqual(
      encodePair(query, document, { tokenizer: gguf }),
      encodePair(query, document, { tokenizer }),
    );
  }
});

realTest("a reranker gives no vectors", provision, async ({ files, install }) => {
  const engine = await loadOnnxEngine({ ...options, pooling: undefined, modelPath: "", files }, { install });
  await assert.rejects(
    async () => await engine.embed([Int32Array.of(2, 9, 3)], "mean"),
    (error) => error instanceof SkiffError && error.code === "invalid_input",
  );
  engine.close();
});

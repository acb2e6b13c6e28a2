import assert from "node:assert/strict";
import { openGguf } from "../../../inference/gguf/mod.ts";
import { llamaSamplers } from "../../support/llama_samplers.ts";
import { realTest } from "../../support/parts.ts";
import { tinyModel, tinyModelBytes } from "../../support/tiny_model.ts";

realTest(
  "llama.cpp loads the files that the writer writes, as every architecture",
  llamaSamplers,
  async (llama) => {
    for (const architecture of ["llama", "qwen2", "qwen3", "gemma3"] as const) {
      for (const type of ["F32", "F16"] as const) {
        const path = await tinyModel({ architecture, type });
        const model = llama.loadModel(path);
        const { metadata } = await openGguf(path);
        const vocabulary = llama.init.llama_model_get_vocab(model);
        assert.equal(
          llama.init.llama_vocab_n_tokens(vocabulary),
          metadata.strings("tokenizer.ggml.tokens")!.length,
        );
        assert.equal(
          llama.init.llama_model_n_ctx_train(model),
          metadata.number(`${architecture}.context_length`),
        );
        llama.init.llama_model_free(model);
      }
    }
  },
);

Deno.test("tinyModelBytes gives the same bytes for the same options", () => {
  assert.deepEqual(tinyModelBytes({ seed: 3 }), tinyModelBytes({ seed: 3 }));
  assert.notDeepEqual(tinyModelBytes({ seed: 3 }), tinyModelBytes({ seed: 4 }));
});

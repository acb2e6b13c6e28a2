import assert from "node:assert/strict";
import type { EngineOptions } from "../../../../inference/engines/engine.ts";
import {
  type ContextPlan,
  planContext,
  type PlannedModel,
} from "../../../../inference/engines/llama/context.ts";
import { bufferBytes, nativeReason, ranOutOfMemory } from "../../../../inference/engines/llama/log.ts";

const model: PlannedModel = { trainedContextTokens: 8192, encoder: false, threads: 8 };
const asked: EngineOptions = { modelPath: "m.gguf", contextTokens: 0, maxSequences: 4 };

const plans: [string, Partial<EngineOptions>, Partial<PlannedModel>, Partial<ContextPlan>][] = [
  ["the model's own context", {}, {}, { contextTokens: 8192, cacheTokens: 32768, sequences: 4, threads: 8 }],
  ["a smaller context", { contextTokens: 2048 }, {}, { contextTokens: 2048, cacheTokens: 8192 }],
  ["a longer context than trained", { contextTokens: 16384 }, {}, { contextTokens: 16384 }],
  ["a shared cache", { cacheTokens: 10000 }, {}, { contextTokens: 8192, cacheTokens: 10000 }],
  ["a cache below one context", { cacheTokens: 100 }, {}, { cacheTokens: 8192 }],
  ["threads asked for", { threads: 3 }, {}, { threads: 3 }],
  ["usual batches", {}, {}, { batchTokens: 2048, microBatchTokens: 512, outputRows: 32 }],
  ["small batches", { batchTokens: 64 }, {}, { batchTokens: 64, microBatchTokens: 64, outputRows: 32 }],
  ["many sequences", { maxSequences: 40 }, {}, { outputRows: 80 }],
  ["short rope factors", { contextTokens: 4096 }, { longRopeTokens: 4096 }, { cacheTokens: 4096 }],
  ["long rope factors", { contextTokens: 8192 }, { longRopeTokens: 4096 }, { cacheTokens: 8192 }],
  ["an encoder", {}, { encoder: true, trainedContextTokens: 512, modelPooling: "2" }, {
    embedding: true,
    contextTokens: 512,
    batchTokens: 512,
    microBatchTokens: 512,
    cacheTokens: 512,
    pooling: undefined,
  }],
  ["an encoder asked for more than it can", { contextTokens: 4096 }, {
    encoder: true,
    trainedContextTokens: 512,
  }, {
    contextTokens: 512,
    pooling: "mean",
  }],
  ["embeddings of a language model", { embedding: true, pooling: "last" }, {}, {
    embedding: true,
    batchTokens: 2048,
    microBatchTokens: 2048,
    pooling: "last",
  }],
];

for (const [what, options, facts, expected] of plans) {
  Deno.test(`planContext: ${what}`, () => {
    const plan = planContext({ ...asked, ...options }, { ...model, ...facts });
    for (const [key, value] of Object.entries(expected)) {
      assert.equal(plan[key as keyof ContextPlan], value, key);
    }
  });
}

Deno.test("bufferBytes adds weights and caches, and takes the largest work space of a device", () => {
  const buffers = [
    { name: "CPU_Mapped model", bytes: 100 },
    { name: "CPU KV", bytes: 10 },
    { name: "CPU KV", bytes: 20 },
    { name: "CPU compute", bytes: 5 },
    { name: "CPU compute", bytes: 7 },
    { name: "CUDA0 compute", bytes: 1000 },
  ];
  assert.equal(
    bufferBytes({ errors: [], buffers: buffers.slice(0, 2) }, { errors: [], buffers: buffers.slice(2) }),
    1137,
  );
});

Deno.test("nativeReason gives llama.cpp's reason without where it was written", () => {
  const errors = [
    "gguf_init_from_file: failed to read tensor info",
    "llama_model_load: error loading model: tensor 'x' data is not within the file bounds",
  ];
  assert.equal(nativeReason({ errors, buffers: [] }), "tensor 'x' data is not within the file bounds");
  assert.equal(nativeReason({ errors: errors.slice(0, 1), buffers: [] }), "failed to read tensor info");
  assert.equal(nativeReason({ errors: [], buffers: [] }), undefined);
  assert.ok(
    ranOutOfMemory({ errors: ["alloc_tensor_range: failed to allocate CPU buffer of size 9"], buffers: [] }),
  );
  assert.ok(!ranOutOfMemory({ errors, buffers: [] }));
});

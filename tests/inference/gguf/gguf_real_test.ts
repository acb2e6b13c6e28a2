import assert from "node:assert/strict";
import {
  describeModel,
  kvBytesPerToken,
  openGguf,
  readTensor,
  tensorTypeById,
  weightBytes,
} from "../../../inference/gguf/mod.ts";
import { gemma3, llamaSourceModels, smollm2 } from "../../support/models.ts";
import { ggmlTypes } from "../../support/llama_samplers.ts";
import { realTest } from "../../support/parts.ts";

realTest("openGguf reads SmolLM2", smollm2, async (path) => {
  const gguf = await openGguf(path);
  const { gguf: shown, ...facts } = describeModel(gguf);
  assert.deepEqual(facts, {
    format: "gguf",
    quantization: "Q4_1",
    parameters: "134.52M",
    architecture: "llama",
    size: "92.10MiB",
    context_size: 8192,
  });
  assert.equal(shown!["llama.rope.freq_base"], "100000");
  assert.equal(shown!["tokenizer.ggml.tokens"], undefined);
  assert.equal(gguf.tensors.length, 272);
  assert.equal(gguf.files[0].dataOffset + weightBytes(gguf), gguf.size);
  assert.equal(kvBytesPerToken(gguf), 23040);
  const tokens = gguf.metadata.strings("tokenizer.ggml.tokens")!;
  assert.equal(tokens.length, 49152);
  assert.equal(tokens.at(1), "<|im_start|>");
  const norm = gguf.tensors.find(({ name }) => name === "output_norm.weight")!;
  const values = new Float32Array((await readTensor(norm)).buffer);
  assert.ok(values.length === 576 && values.every((value) => Math.abs(value) < 100));
});

realTest("openGguf reads Gemma 3 with its 262,144 tokens", gemma3, async (path) => {
  const gguf = await openGguf(path);
  const { parameters, quantization, context_size } = describeModel(gguf);
  assert.deepEqual([parameters, quantization, context_size], ["268.10M", "Q4_K_M", 32768]);
  assert.equal(gguf.metadata.strings("tokenizer.ggml.tokens")!.length, 262144);
  assert.equal(gguf.metadata.numbers("tokenizer.ggml.scores")!.length, 262144);
});

realTest("openGguf reads every vocabulary of llama.cpp", llamaSourceModels, async (folder) => {
  let count = 0;
  for await (const { name } of Deno.readDir(`${folder}/models`)) {
    if (!name.endsWith(".gguf")) continue;
    const { metadata } = await openGguf(`${folder}/models/${name}`);
    const tokens = metadata.strings("tokenizer.ggml.tokens")!;
    assert.ok(tokens.length > 30000, name);
    assert.equal(metadata.numbers("tokenizer.ggml.token_type")!.length, tokens.length, name);
    let i = 0;
    for (const token of tokens) if (i++ % 977 === 0) assert.equal(token, tokens.at(i - 1));
    count++;
  }
  assert.ok(count >= 15);
});

realTest("tensor types have the names, block sizes and bytes of ggml", ggmlTypes, (ggml) => {
  // The library's count of types: ids from 0 to 42.
  for (let id = 0; id <= 42; id++) {
    const { name, blockSize, blockBytes } = ggml(id);
    const ours = tensorTypeById(id);
    if (blockBytes === 0) assert.equal(ours, undefined, `${id} (${name}) is no longer in use`);
    else assert.deepEqual(ours, { id, name: name.toUpperCase(), blockSize, blockBytes });
  }
});

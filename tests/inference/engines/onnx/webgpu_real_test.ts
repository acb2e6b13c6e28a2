/**
 * The shared suite on onnxruntime-web's WebGPU provider, where keys and values stay on the GPU. A file of its own: a
 * process has one onnxruntime, of one kind.
 */
import assert from "node:assert/strict";
import { loadOnnxEngine } from "../../../../inference/engines/onnx/engine.ts";
import { provideAdapter } from "../../../support/gpu.ts";
import { llamaOnnx } from "../../../support/llama_onnx.ts";
import { miniLm } from "../../../support/minilm.ts";
import { onnxFiles } from "../../../support/onnx_files.ts";
import { onnxRuntime } from "../../../support/onnx_runtime.ts";
import { realTest } from "../../../support/parts.ts";
import { tinyModel } from "../../../support/tiny_model.ts";
import { engineSuite, type OpenEngine } from "../engine_suite.ts";

async function opener(folder: Promise<string>): Promise<OpenEngine> {
  await provideAdapter();
  const install = await onnxRuntime();
  const files = await onnxFiles(await folder);
  return (options) =>
    loadOnnxEngine({ modelPath: "", files, contextTokens: 0, maxSequences: 1, ...options }, {
      install,
      device: "webgpu",
      deviceName: "test",
    });
}

const tinyLlama = async () => await llamaOnnx("tiny-llama", await tinyModel());

engineSuite("onnxruntime on WebGPU, llama", () => opener(tinyLlama()), {
  tolerance: 1e-4,
  skip: [
    // a graph that writes text gives no vectors
    "inputs embedded together and one by one give the same vectors",
    "an input longer than a batch is an overflow",
    "an engine for embeddings does not decode",
    // 48 steps of it say no more than 12, and take long on a software adapter
    "every wanted token has its row, many of them too",
  ],
});

realTest("an encoder gives vectors on WebGPU and says where", () => opener(miniLm()), async (open) => {
  const engine = await open({ embedding: true });
  const [vector] = await engine.embed([Int32Array.of(101, 1037, 13156, 102)]);
  assert.match(engine.info.device, /^onnxruntime [\d.]+, WebGPU \(test\)$/);
  engine.close();
  // what the processor gives, which onnx_real_test.ts compares with Microsoft's onnxruntime
  [-0.20125813782215118, 0.5573151111602783, 0.21495041251182556].forEach((expected, i) =>
    assert.ok(Math.abs(vector[i] - expected) < 1e-4)
  );
});

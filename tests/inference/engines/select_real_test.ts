/** Which engine a model ends on, on a machine that is said to have a GPU and has Mesa's software adapter. */
import assert from "node:assert/strict";
import { loadEngine, type SelectOptions } from "../../../inference/engines/select.ts";
import { miniLm } from "../../support/minilm.ts";
import { onnxFiles } from "../../support/onnx_files.ts";
import { provideAdapter } from "../../support/gpu.ts";
import { llamaLibrary } from "../../support/llama_library.ts";
import { onnxRuntime } from "../../support/onnx_runtime.ts";
import { partsFolder, realTest } from "../../support/parts.ts";
import { tinyEncoder } from "../../support/tiny_encoder.ts";
import { tinyModel } from "../../support/tiny_model.ts";

/** The libraries that every test opens: two copies of ggml in a process do not get along. */
const install = { root: `${partsFolder}/native` };
const machine = () => ({ cuda: false, gpuNode: true });

/** What was loaded, and what the log was told. */
async function chosen(options: Partial<SelectOptions>) {
  const notes: string[] = [];
  const all = { modelPath: "", contextTokens: 64, maxSequences: 1, threads: 1, ...options };
  const engine = await loadEngine({ ...all, onNote: (line) => notes.push(line) }, { machine, install });
  const { info } = engine;
  engine.close();
  return { info, notes };
}

async function provision() {
  await Promise.all([provideAdapter(), llamaLibrary(), onnxRuntime()]);
}

realTest("a software adapter is left alone unless it is asked for", provision, async () => {
  const { info, notes } = await chosen({ modelPath: await tinyModel() });
  assert.equal(info.engine, "llama");
  assert.match(info.reason, /^no GPU for WebGPU: its only adapter is software \(llvmpipe/);
  assert.deepEqual(notes, []);
});

realTest("the WebGPU engine runs what it knows when it is asked for", provision, async () => {
  const { info, notes } = await chosen({ modelPath: await tinyModel(), engine: "webgpu" });
  assert.equal(info.engine, "webgpu");
  assert.match(info.device, /llvmpipe/);
  assert.match(info.reason, /it was asked for/);
  assert.deepEqual(notes, []);
});

realTest(
  "llama.cpp runs what the WebGPU engine does not know, and the reason is said",
  provision,
  async () => {
    const modelPath = await tinyEncoder();
    const { info, notes } = await chosen({ modelPath, engine: "webgpu", embedding: true });
    assert.equal(info.engine, "llama");
    assert.match(info.reason, /^WebGPU was not used: .*"bert"/);
    assert.match(notes.join(), /WebGPU was not used: .*"bert".*; llama\.cpp runs the model/);
  },
);

realTest(
  "a setting that the WebGPU engine does not have makes llama.cpp run the model",
  provision,
  async () => {
    const { info } = await chosen({
      modelPath: await tinyModel({ dimensions: 128 }),
      engine: "webgpu",
      cacheType: "q4_0",
      flashAttention: true,
    });
    assert.equal(info.engine, "llama");
    assert.match(info.reason, /^WebGPU was not used: .*q4_0/);
  },
);

realTest(
  "an ONNX model runs on WebGPU when that is asked for, else on the processor here",
  provision,
  async () => {
    const files = await onnxFiles(await miniLm());
    const gpu = await chosen({ files, embedding: true, engine: "webgpu" });
    assert.match(gpu.info.device, /^onnxruntime [\d.]+, WebGPU \(llvmpipe/);
    const cpu = await chosen({ files, embedding: true });
    assert.match(cpu.info.device, /^onnxruntime [\d.]+, WASM, 1 thread$/);
    assert.match(cpu.info.reason, /WebGPU was not used: its only adapter is software/);
  },
);

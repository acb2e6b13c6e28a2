/** Which engine a model ends on, on a machine that is said to have a GPU and has Mesa's software adapter. */
import assert from "node:assert/strict";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { GpuDevice } from "../../../inference/engines/webgpu/device/gpu_device.ts";
import {
  loadEngine,
  type SelectDependencies,
  type SelectOptions,
} from "../../../inference/engines/select.ts";
import { miniLm } from "../../support/minilm.ts";
import { onnxFiles } from "../../support/onnx_files.ts";
import { provideAdapter, testGpu } from "../../support/gpu.ts";
import { llamaLibrary } from "../../support/llama_library.ts";
import { onnxRuntime } from "../../support/onnx_runtime.ts";
import { partsFolder, realTest } from "../../support/parts.ts";
import { tinyAdapterBytes } from "../../support/tiny_adapter.ts";
import { tinyEncoder } from "../../support/tiny_encoder.ts";
import { tinyModel } from "../../support/tiny_model.ts";

/** The libraries that every test opens: two copies of ggml in a process do not get along. */
const install = { root: `${partsFolder}/native` };
const machine = () => ({ cuda: false, gpuNode: true });

/** What was loaded, and what the log was told. */
async function chosen(options: Partial<SelectOptions>, dependencies: SelectDependencies = {}) {
  const notes: string[] = [];
  const all = { modelPath: "", contextTokens: 64, maxSequences: 1, threads: 1, ...options };
  const engine = await loadEngine(
    { ...all, onNote: (line) => notes.push(line) },
    { machine, install, ...dependencies },
  );
  const { info } = engine;
  engine.close();
  return { info, notes };
}

/** A GPU that says it is hardware, and binds no more than a page of memory if it is `small`. */
function gpuOf(software: boolean, small: boolean): SelectDependencies {
  return {
    adapter: () => Promise.resolve({ description: "Some GPU", vendor: "1", software, subgroupMinSize: 0 }),
    openGpu: async () => {
      const gpu = await testGpu();
      const limits = small ? { ...gpu.limits, bindingBytes: 256 } : gpu.limits;
      return new Proxy(gpu, {
        get(target, name) {
          if (name === "limits") return limits;
          const value = Reflect.get(target, name, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      }) as GpuDevice;
    },
  };
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

/** What keeps a model that the kernels know from the GPU. */
const obstacles: {
  what: string;
  options?: Partial<SelectOptions>;
  small?: boolean;
  lora?: boolean;
  says: RegExp;
}[] = [
  {
    what: "it does not fit",
    small: true,
    says: /keys of a layer take [\d.]+ GiB at this context; this GPU binds at most [\d.]+ GiB/,
  },
  { what: "it has a LoRA adapter", lora: true, says: /LoRA adapters are not applied/ },
  { what: "its cache is q4_0", options: { cacheType: "q4_0", flashAttention: true }, says: /not q4_0/ },
];

/** A model that all obstacles suit, and its adapter if that is one. */
async function obstructed(
  { options, lora }: typeof obstacles[number],
  body: (options: Partial<SelectOptions>) => Promise<void>,
) {
  const path = await Deno.makeTempFile({ suffix: ".gguf" });
  try {
    await Deno.writeFile(path, tinyAdapterBytes());
    const modelPath = await tinyModel(lora ? {} : { dimensions: 128 });
    await body({ modelPath, adapters: lora ? [{ path, scale: 1 }] : undefined, ...options });
  } finally {
    await Deno.remove(path);
  }
}

for (const obstacle of obstacles) {
  const { what, small = false, says } = obstacle;
  realTest(`llama.cpp runs a model where ${what}, and the reason is said`, provision, async () => {
    await obstructed(obstacle, async (options) => {
      const { info, notes } = await chosen(options, gpuOf(false, small));
      assert.equal(info.engine, "llama");
      assert.match(info.reason, /^WebGPU was not used: /);
      assert.match(info.reason, says);
      assert.match(notes.join(), /^WebGPU was not used: .*; llama\.cpp runs the model$/);
    });
  });

  realTest(`who asks for WebGPU by name is told that ${what}`, provision, async () => {
    await obstructed(obstacle, async (options) => {
      await assert.rejects(
        () => chosen({ ...options, engine: "webgpu" }, gpuOf(true, small)),
        (error) =>
          error instanceof SkiffError && says.test(error.message) && /--engine llama/.test(error.hint ?? ""),
      );
    });
  });
}

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

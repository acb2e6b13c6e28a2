import assert from "node:assert/strict";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { type MachineFacts, planEngine } from "../../../inference/engines/choice.ts";

const processor: MachineFacts = { cuda: false, gpuNode: false };
const gpu: MachineFacts = { cuda: false, gpuNode: true };
const cuda: MachineFacts = { cuda: true, gpuNode: true };

const cases = [
  // asked for, format, machine, engine, whether WebGPU is asked for an adapter
  ["auto", "gguf", processor, "llama", "none"],
  ["auto", "gguf", gpu, "webgpu", "hardware"],
  ["auto", "gguf", cuda, "llama", "none"],
  ["llama", "gguf", gpu, "llama", "none"],
  ["webgpu", "gguf", processor, "webgpu", "any"],
  ["webgpu", "gguf", cuda, "webgpu", "any"],
  ["auto", "onnx", processor, "onnx", "none"],
  ["auto", "onnx", gpu, "onnx", "hardware"],
  ["auto", "onnx", cuda, "onnx", "hardware"],
  ["onnx", "onnx", processor, "onnx", "none"],
  ["onnx", "onnx", gpu, "onnx", "hardware"],
  ["webgpu", "onnx", processor, "onnx", "any"],
] as const;

for (const [asked, format, machine, engine, adapter] of cases) {
  const has = machine.cuda ? "CUDA" : machine.gpuNode ? "a GPU" : "a processor";
  Deno.test(`${asked} for ${format} on ${has} begins with ${engine}, adapter: ${adapter}`, () => {
    const plan = planEngine(asked, format, machine);
    assert.equal(plan.engine, engine);
    assert.equal(plan.adapter, adapter);
    assert.ok(plan.reason.length > 0);
  });
}

Deno.test("no layers on a GPU means no question to WebGPU", () => {
  assert.equal(planEngine("auto", "gguf", gpu, { gpuLayers: 0 }).engine, "llama");
  assert.equal(planEngine("auto", "gguf", cuda, { gpuLayers: 0 }).engine, "llama");
  assert.equal(planEngine("auto", "onnx", gpu, { gpuLayers: 0 }).adapter, "none");
});

for (const [asked, format] of [["llama", "onnx"], ["onnx", "gguf"]] as const) {
  Deno.test(`${asked} for ${format} is refused`, () => {
    assert.throws(
      () => planEngine(asked, format, processor),
      (error) =>
        error instanceof SkiffError && error.code === "unsupported" &&
        error.message === `The engine "${asked}" cannot run ${format.toUpperCase()} models`,
    );
  });
}

import assert from "node:assert/strict";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { selectEngine } from "../../../inference/engines/select.ts";

Deno.test("selectEngine takes llama.cpp for GGUF models, asked for or not", () => {
  assert.equal(selectEngine("auto", { format: "gguf" }).engine, "llama");
  assert.equal(selectEngine("llama", { format: "gguf" }).engine, "llama");
});

const refused = [
  ["llama", "onnx", /"llama" cannot run ONNX models/],
  ["webgpu", "gguf", /"webgpu" is not part of this build/],
] as const;

for (const [requested, format, message] of refused) {
  Deno.test(`selectEngine says why ${requested} does not run ${format}`, () => {
    assert.throws(
      () => selectEngine(requested, { format }),
      (error) => error instanceof SkiffError && error.code === "unsupported" && message.test(error.message),
    );
  });
}

/** How many dispatches a layer is in a step of single tokens, in every architecture. No GPU is opened. */
import assert from "node:assert/strict";
import type { BufferRange } from "../../../../inference/engines/webgpu/device/dispatch.ts";
import type { KernelFeatures } from "../../../../inference/engines/webgpu/device/features.ts";
import { forwardPass } from "../../../../inference/engines/webgpu/engine.ts";
import { type PassPlan, planPass } from "../../../../inference/engines/webgpu/graph/plan.ts";
import { type PassResources, recordPass } from "../../../../inference/engines/webgpu/graph/record.ts";
import { activationKind } from "../../../../inference/engines/webgpu/kernels/matmul.ts";
import type { WeightMatrix } from "../../../../inference/engines/webgpu/weights/weight_matrix.ts";
import { type Gguf, type GgufFile, readGguf } from "../../../../inference/gguf/mod.ts";
import { tensorType, type TensorTypeName } from "../../../../inference/gguf/tensor_types.ts";
import { tinyArchitectureBytes, tinyArchitectures } from "../../../support/tiny_architectures.ts";

/** The header of a file, as if its matrices had the types that `typeOf` gives them. */
function retyped(file: GgufFile, typeOf: (tensor: string) => TensorTypeName | undefined): Gguf {
  const tensors = file.tensors.map((tensor) => {
    const type = tensor.name.endsWith(".weight") && tensor.shape.length > 1 ? typeOf(tensor.name) : undefined;
    return type ? { ...tensor, type: tensorType(type)! } : tensor;
  });
  return { ...file, tensors, files: [file], path: "tiny.gguf" };
}

/** A buffer that is named and never bound. */
const range: BufferRange = { buffer: {} as GPUBuffer, offset: 0, size: 2 ** 20 };

const hardware: KernelFeatures = {
  f16: true,
  dp4a: true,
  subgroupSize: 0,
  timestamps: true,
  software: false,
  workgroupBytes: 16_384,
  bindingBytes: 2 ** 27,
};

function resources(plan: PassPlan, features: KernelFeatures): PassResources {
  const weights = new Map(plan.uploads.map((planned) => {
    const { type, rows, columns, order, experts } = planned;
    const matrix: WeightMatrix = {
      type,
      rows,
      columns,
      order,
      experts,
      parts: [{ range, firstRow: 0, rows: rows * experts }],
    };
    return [planned, matrix];
  }));
  const layer = { keys: range, values: range, scales: 0 };
  return {
    plan,
    features,
    weights,
    shared: { step: range, batch: range, pages: range, vectors: range, unread: range, unwritten: range },
    slots: plan.slots.map(() => range),
    caches: new Map(plan.pass.attentions.map((node) => [node, layer as never])),
    cacheType: "f16",
    turns: new Map(plan.pass.attentions.map((node) => [node, range])),
    queries: range,
    parts: range,
    sums: range,
    experts: { tiles: range, sorted: range, pairs: range },
    tokens: range,
    wanted: 0,
    tiles: 0,
    step: { singles: 1, splits: 1, tiles: 0 },
  };
}

/** Dispatches of a layer, in the mean of all layers, of a step with so many single tokens. */
function perLayer(gguf: Gguf, features: KernelFeatures, tokens: number): number {
  const pass = forwardPass(gguf, 128);
  const plan = planPass(pass, (type) => activationKind(type, features));
  const bound = { ...resources(plan, features), step: { singles: tokens, splits: 1, tiles: 0 } };
  const run = recordPass(bound, tokens, 1).body.filter(({ workgroups }) => {
    const [x, y, z] = typeof workgroups === "function" ? workgroups(tokens) : workgroups;
    return x * y * z > 0;
  });
  return (run.length - 1) / pass.layers; // one is the embedding
}

/** Files by how the types of their matrices differ. */
const files: [what: string, typeOf: (tensor: string) => TensorTypeName | undefined][] = [
  ["one type", (name) => /gate_inp/.test(name) ? undefined : "Q4_K"],
  [
    "Q4_K_M, whose values' and down matrices are Q6_K in some layers",
    (name) =>
      /gate_inp/.test(name) ? undefined : /blk\.[1-9].*(attn_v|ffn_down)/.test(name) ? "Q6_K" : "Q4_K",
  ],
  ["floats", () => undefined],
  [
    "gate and up of two types",
    (name) => /gate_inp/.test(name) ? undefined : /ffn_up\./.test(name) ? "Q5_K" : "Q4_K",
  ],
];

const mixtures = ["qwen3moe", "gpt-oss"];

for (const name of tinyArchitectures) {
  Deno.test(`a layer of ${name} is nine dispatches`, async () => {
    const file = await readGguf(tinyArchitectureBytes(name, name === "phi3" ? {} : { width: 256 }));
    for (const [what, typeOf] of files) {
      const gguf = retyped(file, typeOf);
      if (mixtures.includes(name) && what.startsWith("gate and up")) continue; // left to llama.cpp
      for (const software of [false, true]) {
        for (const tokens of [1, 8]) {
          const found = perLayer(gguf, { ...hardware, software }, tokens);
          // Where a processor plays the GPU, the router and the choice of several tokens are dispatches of their own.
          const apart = software && tokens > 1 && mixtures.includes(name) ? 2 : 0;
          assert.equal(found, 9 + apart, `${what}, ${tokens} tokens${software ? ", software" : ""}`);
        }
      }
    }
  });
}

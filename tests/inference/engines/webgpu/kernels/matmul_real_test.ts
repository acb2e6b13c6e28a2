/**
 * Products with weights of every type: against f64 over the values that llama.cpp's own dequantiser gives, in the
 * kernels for GPUs and for processors that play one, with float and with int8 activations, over odd shapes.
 */
import assert from "node:assert/strict";
import { gpuAndGgml, type Parts } from "./parts.ts";
import type { KernelFeatures } from "../../../../../inference/engines/webgpu/device/features.ts";
import {
  type ActivationKind,
  type Epilogue,
  matmul,
} from "../../../../../inference/engines/webgpu/kernels/matmul.ts";
import { q8Bytes } from "../../../../../inference/engines/webgpu/kernels/quantise.ts";
import { isGrouped } from "../../../../../inference/engines/webgpu/kernels/text.ts";
import {
  type WeightType,
  weightTypes,
} from "../../../../../inference/engines/webgpu/weights/weight_matrix.ts";
import { tensorType } from "../../../../../inference/gguf/tensor_types.ts";
import { realTest } from "../../../../support/parts.ts";
import { randomFloats } from "../../../../support/random_values.ts";
import { gated, product, quantiseQ8, valuesOfQ8 } from "./matmul_reference.ts";
import { assertNmse } from "./nmse.ts";
import { type TestWeights, weightsOnGpu } from "./weights_on_gpu.ts";

/** llama.cpp's limit of a product against floats; and of the same int8 arithmetic in another order of sums. */
const floatLimit = 5e-4;
const sameArithmeticLimit = 1e-6;

interface Case {
  features: Partial<KernelFeatures>;
  kind: ActivationKind;
  tokens: number;
  maxRows: number;
  epilogue?: Omit<Epilogue, "bias"> & { biased?: boolean };
}

/** Runs a product and compares it with both truths. */
async function check({ gpu }: Parts, weights: TestWeights, c: Case, what: string): Promise<void> {
  const { matrix, values } = weights;
  const { rows, columns } = matrix;
  const x = randomFloats(c.tokens * columns, 7);
  const q8 = c.kind === "q8" ? quantiseQ8(x, columns) : undefined;
  const outputs = c.epilogue?.glu ? rows / 2 : rows;
  const stride = outputs + (c.epilogue?.quantise ? 0 : 5), column = c.epilogue?.quantise ? 0 : 3;
  const before = randomFloats(c.tokens * stride, 8);
  const bias = randomFloats(rows, 9);

  const input = await gpu.buffer((q8?.words ?? x).byteLength, "x");
  gpu.write(input, q8?.words ?? x);
  const output = await gpu.buffer(
    c.epilogue?.quantise ? q8Bytes(c.tokens, outputs) : before.byteLength,
    "y",
  );
  if (!c.epilogue?.quantise) gpu.write(output, before);
  const biasRange = await gpu.buffer(bias.byteLength, "bias");
  gpu.write(biasRange, bias);
  const step = await gpu.uniform(16, "step");
  gpu.write(step, Uint32Array.of(0, c.tokens, 0, 0));

  const { biased, ...epilogue } = c.epilogue ?? {};
  const dispatches = matmul({ ...gpu.features, ...c.features }, {
    weights: matrix,
    input,
    kind: c.kind,
    output,
    outputStride: stride,
    outputColumn: column,
    step,
    countWord: 1,
    maxRows: c.maxRows,
    epilogue: { ...epilogue, bias: biased ? biasRange : undefined },
  });
  await gpu.run(dispatches, c.tokens);
  const bytes = await gpu.read(output);
  await gpu.checkAll();

  const finish = (y: Float64Array): Float64Array => {
    const scaled = y.map((v, i) => (v + (biased ? bias[i % rows] : 0)) * (c.epilogue?.scale ?? 1));
    return c.epilogue?.glu ? gated(scaled, c.epilogue.glu) : scaled;
  };
  const actual = c.epilogue?.quantise
    ? valuesOfQ8(bytes, outputs)
    : unplaced(new Float32Array(bytes.buffer), before, c, outputs, stride, column);
  const same = finish(product(values, q8?.values ?? x, rows, columns));
  assertNmse(actual, same, c.epilogue?.quantise ? 1e-4 : sameArithmeticLimit, `${what}, same arithmetic`);
  assertNmse(actual, finish(product(values, x, rows, columns)), floatLimit, `${what}, floats`);
  for (const range of [input, output, biasRange, step]) range.buffer.destroy();
  gpu.forgetBindings();
}

/** Takes the product out of the output's rows, less what was there before, and checks that the rest is untouched. */
function unplaced(
  output: Float32Array,
  before: Float32Array,
  { tokens, epilogue }: Case,
  outputs: number,
  stride: number,
  column: number,
): Float64Array {
  const found = new Float64Array(tokens * outputs);
  for (let i = 0; i < before.length; i++) {
    const at = i % stride - column;
    if (at >= 0 && at < outputs) {
      found[Math.floor(i / stride) * outputs + at] = output[i] - (epilogue?.residual ? before[i] : 0);
    } else if (output[i] !== before[i]) throw new Error(`value ${i} of the output was overwritten`);
  }
  return found;
}

/** A row that is no power of two of groups; one that ends within a group where the type allows it. */
function columnsOf(type: WeightType): number {
  const { blockSize } = tensorType(type)!;
  return blockSize === 1 ? 100 : blockSize === 32 ? 96 : 256;
}

/** Batches: one row, a block of rows that is not full, more than a tile. */
function tokensOf(software: boolean, rows: number, kind: ActivationKind, type: WeightType): number[] {
  if (rows !== 67) return [1];
  if (software) return kind === "q8" || !isGrouped(type) ? [1, 5, 9] : [1];
  return kind === "q8" || !isGrouped(type) ? [1, 3, 33, 70] : [1, 33];
}

for (const type of weightTypes) {
  realTest(`matmul() with ${type} is right in every kernel and shape`, gpuAndGgml, async (parts, t) => {
    const kinds: ActivationKind[] = isGrouped(type) ? ["q8", "f32"] : ["f32"];
    const columns = columnsOf(type);
    // Rows that are no multiples of what a workgroup takes; few widths, because each is kernels of its own.
    for (const rows of [67, 1, 257]) {
      const weights = await weightsOnGpu(parts.gpu, parts.ggml, type, rows, columns);
      for (const software of [true, false]) {
        for (const kind of kinds) {
          for (const tokens of tokensOf(software, rows, kind, type)) {
            const name = `${rows}x${columns} ${kind} T=${tokens} ${software ? "software" : "gpu"}`;
            const c: Case = { features: { software }, kind, tokens, maxRows: tokens };
            await t.step(name, () => check(parts, weights, c, name));
          }
        }
      }
      weights.free();
    }
  });
}

realTest(
  "matmul() adds bias, scale, residual and gates pairs, into floats and into int8",
  gpuAndGgml,
  async (parts, t) => {
    const epilogues: [string, Case["epilogue"]][] = [
      ["bias", { biased: true }],
      ["scale", { scale: 0.25 }],
      ["bias, scale and residual", { biased: true, scale: 2, residual: true }],
      ["silu", { glu: "silu" }],
      ["gelu with bias", { glu: "gelu", biased: true }],
      ["swiglu_oai with bias", { glu: "swiglu_oai", biased: true }],
      ["silu into int8", { glu: "silu", quantise: true }],
      ["swiglu_oai with bias into int8", { glu: "swiglu_oai", biased: true, quantise: true }],
    ];
    for (const type of ["Q4_0", "Q6_K", "F16"] as const) {
      const columns = type === "F16" ? 100 : 256;
      const plain = await weightsOnGpu(parts.gpu, parts.ggml, type, 70, columns);
      const pairs = await weightsOnGpu(parts.gpu, parts.ggml, type, 192, columns, { order: "pairs" });
      for (const [name, epilogue] of epilogues) {
        for (const software of [true, false]) {
          for (const tokens of software ? [1, 3] : [1, 3, 33]) {
            const what = `${type} ${name}, T=${tokens} ${software ? "software" : "gpu"}`;
            const kind = type === "F16" ? "f32" : "q8";
            const c: Case = { features: { software }, kind, tokens, maxRows: tokens, epilogue };
            await t.step(what, () => check(parts, epilogue?.glu ? pairs : plain, c, what));
          }
        }
      }
      plain.free();
      pairs.free();
    }
  },
);

realTest(
  "matmul() takes a matrix that is cut into parts by the binding limit",
  gpuAndGgml,
  async (parts, t) => {
    // 200 rows of 256 columns of Q4_K are 28,800 bytes: parts of 64 rows under a limit of 10,000.
    const weights = await weightsOnGpu(parts.gpu, parts.ggml, "Q4_K", 200, 256, { bindingBytes: 10_000 });
    const pairs = await weightsOnGpu(parts.gpu, parts.ggml, "Q4_K", 192, 256, {
      order: "pairs",
      bindingBytes: 10_000,
    });
    assert.deepEqual(weights.matrix.parts.map(({ rows }) => rows), [64, 64, 64, 8]);
    for (const tokens of [1, 33]) {
      const c: Case = { features: { software: false }, kind: "q8", tokens, maxRows: tokens };
      const biased: Case = { ...c, epilogue: { biased: true, residual: true } };
      await t.step(`T=${tokens}`, () => check(parts, weights, biased, "parts"));
      const gated: Case = { ...c, epilogue: { glu: "silu", biased: true, quantise: true } };
      await t.step(`T=${tokens}, gated into int8`, () => check(parts, pairs, gated, "parts of pairs"));
    }
    weights.free();
    pairs.free();
  },
);

for (const tokens of [2, 4, 6, 7, 8, 9]) {
  realTest(`matmul() with ${tokens} rows of x in a plan for eight or more`, gpuAndGgml, async (parts) => {
    const weights = await weightsOnGpu(parts.gpu, parts.ggml, "Q8_0", 3, 96);
    for (const software of [true, false]) {
      const c: Case = { features: { software }, kind: "q8", tokens, maxRows: Math.max(8, tokens) };
      await check(parts, weights, c, `T=${tokens}`);
    }
    weights.free();
  });
}

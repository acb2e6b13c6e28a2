/** Two matrices of different types in one dispatch, against f64 over the values that llama.cpp's dequantiser gives. */
import assert from "node:assert/strict";
import {
  type ActivationKind,
  canJoin,
  joinedMatmul,
} from "../../../../../inference/engines/webgpu/kernels/matmul.ts";
import { q8Bytes } from "../../../../../inference/engines/webgpu/kernels/quantise.ts";
import type { WeightType } from "../../../../../inference/engines/webgpu/weights/weight_matrix.ts";
import { realTest } from "../../../../support/parts.ts";
import { randomFloats } from "../../../../support/random_values.ts";
import { gated, product, quantiseQ8, valuesOfQ8 } from "./matmul_reference.ts";
import { assertNmse } from "./nmse.ts";
import { gpuAndGgml, type Parts } from "./parts.ts";
import { Bench, countWord } from "./run_dispatches.ts";
import { type TestWeights, weightsOnGpu } from "./weights_on_gpu.ts";

interface Case {
  software: boolean;
  kind: ActivationKind;
  tokens: number;
  how: "below" | "pairs";
  quantise?: boolean;
  /** Which of the two have a bias. */
  biased: [boolean, boolean];
}

const columns = 256;

async function check({ gpu }: Parts, pair: [TestWeights, TestWeights], c: Case, what: string): Promise<void> {
  const [first, second] = pair.map(({ matrix }) => matrix);
  const features = { ...gpu.features, software: c.software };
  const x = randomFloats(c.tokens * columns, 7);
  const q8 = c.kind === "q8" ? quantiseQ8(x, columns) : undefined;
  const outputs = c.how === "below" ? first.rows + second.rows : first.rows;
  const biases = pair.map(({ matrix }, i) =>
    randomFloats(matrix.rows, 9 + i).map((v) => c.biased[i] ? v : 0)
  );
  const bench = new Bench(gpu);
  const ranges = await Promise.all(biases.map((bias) => bench.input(bias)));
  const output = await bench.space(c.quantise ? q8Bytes(c.tokens, outputs) : 4 * c.tokens * outputs);
  const dispatches = joinedMatmul(features, {
    weights: first,
    input: await bench.input(q8?.words ?? x),
    kind: c.kind,
    output,
    outputStride: outputs,
    step: await bench.step(c.tokens),
    countWord,
    maxRows: c.tokens,
    epilogue: {
      bias: c.biased[0] ? ranges[0] : undefined,
      glu: c.how === "pairs" ? "silu" : undefined,
      quantise: c.quantise,
    },
  }, { weights: second, bias: c.biased[1] ? ranges[1] : undefined, how: c.how });
  assert.equal(dispatches.length, 1);
  const bytes = await bench.run(dispatches, c.tokens, output);
  const found = c.quantise ? valuesOfQ8(new Uint8Array(bytes), outputs) : new Float32Array(bytes);
  bench.free();

  const ys = pair.map(({ matrix, values }, i) =>
    product(values, q8?.values ?? x, matrix.rows, columns).map((v, at) => v + biases[i][at % matrix.rows])
  );
  const expected = new Float64Array(c.tokens * outputs);
  for (let token = 0; token < c.tokens; token++) {
    const [own, other] = ys.map((y, i) =>
      y.subarray(token * pair[i].matrix.rows).subarray(0, pair[i].matrix.rows)
    );
    const row = c.how === "below"
      ? [...own, ...other]
      : gated(Float64Array.from({ length: 2 * own.length }, (_, i) => (i % 2 ? other : own)[i >> 1]), "silu");
    expected.set(row, token * outputs);
  }
  assertNmse(found.subarray(0, expected.length), expected, c.quantise ? 1e-4 : 1e-6, what);
}

const types: [WeightType, WeightType, ActivationKind][] = [
  ["Q4_K", "Q6_K", "q8"],
  ["Q6_K", "Q4_K", "q8"],
  ["Q3_K", "Q5_K", "q8"],
  ["Q5_0", "Q8_0", "q8"],
  ["IQ4_XS", "Q5_K", "q8"],
  ["F16", "BF16", "f32"],
  ["F32", "F16", "f32"],
];

for (const [one, other, kind] of types) {
  realTest(`joinedMatmul() takes ${one} with ${other}`, gpuAndGgml, async (parts, t) => {
    const sizes = { below: [67, 35], pairs: [96, 96] };
    for (const how of ["below", "pairs"] as const) {
      const weigh = (type: WeightType, i: number) =>
        weightsOnGpu(parts.gpu, parts.ggml, type, sizes[how][i], columns, { seed: 3 + i });
      const pair: [TestWeights, TestWeights] = [await weigh(one, 0), await weigh(other, 1)];
      const variants: [biased: [boolean, boolean], quantise: boolean][] = [
        [[false, false], false],
        [[true, true], how === "pairs"],
        [[false, true], false],
      ];
      for (const software of [true, false]) {
        for (const tokens of software ? [1, 9] : [1, 3, 8]) {
          for (const [biased, quantise] of tokens === 1 ? variants : variants.slice(1, 2)) {
            const what = `${how}, T=${tokens} ${
              software ? "software" : "gpu"
            }, bias ${biased}, int8 ${quantise}`;
            await t.step(
              what,
              () => check(parts, pair, { software, kind, tokens, how, quantise, biased }, what),
            );
          }
        }
      }
      for (const weights of pair) weights.free();
    }
  });
}

realTest("canJoin() wants whole matrices and one kind of activations", gpuAndGgml, async ({ gpu, ggml }) => {
  const features = { ...gpu.features, software: false, dp4a: true };
  const weigh = (type: WeightType, bindingBytes?: number) =>
    weightsOnGpu(gpu, ggml, type, 200, columns, { bindingBytes });
  const [q4, q6, f16, cut] = [
    await weigh("Q4_K"),
    await weigh("Q6_K"),
    await weigh("F16"),
    await weigh("Q4_K", 10_000),
  ];
  const answers = [
    canJoin(features, 8, q4.matrix, q6.matrix),
    canJoin(features, 9, q4.matrix, q6.matrix),
    canJoin({ ...features, software: true }, 9, q4.matrix, q6.matrix),
    canJoin(features, 1, q4.matrix, f16.matrix),
    canJoin(features, 1, cut.matrix, q6.matrix),
  ];
  assert.deepEqual(answers, [true, false, true, false, false]);
  for (const weights of [q4, q6, f16, cut]) weights.free();
});

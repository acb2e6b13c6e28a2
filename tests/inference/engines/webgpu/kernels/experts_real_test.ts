/** Mixtures of experts: the choice, the sorting and the products, against plain TypeScript. */
import assert from "node:assert/strict";
import {
  gatedExperts,
  routeExperts,
  sortExperts,
  sortsByExpert,
  sumOfExperts,
  tilesBytes,
} from "../../../../../inference/engines/webgpu/kernels/experts.ts";
import { q8Bytes } from "../../../../../inference/engines/webgpu/kernels/quantise.ts";
import { testGpu } from "../../../../support/gpu.ts";
import { realTest } from "../../../../support/parts.ts";
import { randomFloats } from "../../../../support/random_values.ts";
import { choose } from "./choose_reference.ts";
import { gated, product, quantiseQ8, valuesOfQ8 } from "./matmul_reference.ts";
import { assertNmse } from "./nmse.ts";
import { gpuAndGgml, type Parts } from "./parts.ts";
import { Bench, countWord } from "./run_dispatches.ts";
import { type TestWeights, weightsOnGpu } from "./weights_on_gpu.ts";

realTest("routeExperts() chooses the best experts and weighs them", testGpu, async (gpu, t) => {
  for (const [experts, slots] of [[128, 8], [33, 4], [8, 2], [4, 4]]) {
    for (const gating of ["softmax", "selected", "sigmoid"] as const) {
      for (const normalise of [true, false]) {
        await t.step(`${slots} of ${experts}, ${gating}${normalise ? ", normalised" : ""}`, async () => {
          const tokens = 5;
          const logits = randomFloats(tokens * experts, 2).map((v) => Math.fround(4 * v));
          logits[1] = logits[0]; // a tie
          const bench = new Bench(gpu);
          const route = await bench.space(8 * tokens * slots);
          const dispatch = routeExperts({
            logits: await bench.input(logits),
            route,
            experts,
            slots,
            gating,
            normalise,
            scale: 2.5,
            step: await bench.step(tokens),
            countWord,
          });
          const bytes = await bench.run([dispatch], tokens, route);
          const words = new Uint32Array(bytes), floats = new Float32Array(bytes);
          for (let token = 0; token < tokens; token++) {
            const row = [...logits.subarray(token * experts, (token + 1) * experts)];
            choose(row, slots, gating, normalise).forEach(({ expert, weight }, slot) => {
              const at = 2 * (token * slots + slot);
              assert.equal(words[at], expert);
              assert.ok(Math.abs(floats[at + 1] - 2.5 * weight) < 1e-5, `weight ${floats[at + 1]}`);
            });
          }
          bench.free();
        });
      }
    }
  }
});

interface Case {
  software: boolean;
  tokens: number;
  kind: "q8" | "f32";
  /** Gate and up, or down. */
  sums: boolean;
  /** Write int8 activations (gate and up only). */
  quantise?: boolean;
}

const slots = 3;
const routeScale = 1.5;

/** What the router chooses for each token: pairs of expert and weight, as words and as floats. */
function routeOf(logits: Float32Array, experts: number): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(2 * logits.length / experts * slots);
  const floats = new Float32Array(words.buffer);
  for (let token = 0; token < logits.length / experts; token++) {
    const row = [...logits.subarray(token * experts, (token + 1) * experts)];
    choose(row, slots, "softmax", true).forEach(({ expert, weight }, slot) => {
      words[2 * (token * slots + slot)] = expert;
      floats[2 * (token * slots + slot) + 1] = routeScale * weight;
    });
  }
  return words;
}

async function check({ gpu }: Parts, weights: TestWeights, c: Case, what: string): Promise<void> {
  const { matrix, values } = weights;
  const { rows, columns, experts, order } = matrix;
  const outputs = order === "pairs" ? rows / 2 : rows;
  const pairs = c.tokens * slots;
  const logits = randomFloats(c.tokens * experts, 6);
  const words = routeOf(logits, experts);
  const x = randomFloats((c.sums ? pairs : c.tokens) * columns, 7);
  const q8 = c.kind === "q8" ? quantiseQ8(x, columns) : undefined;
  const bias = randomFloats(experts * rows, 8);
  const outputRows = c.sums ? c.tokens : pairs;
  const before = randomFloats(outputRows * outputs, 9);
  const bench = new Bench(gpu);
  const scratch = {
    tiles: await bench.space(tilesBytes(c.tokens, slots, experts)),
    sorted: await bench.space(4 * pairs),
    pairs: await bench.space(4 * pairs * rows),
  };
  const output = c.quantise ? await bench.space(q8Bytes(outputRows, outputs)) : await bench.input(before);
  const route = c.sums ? await bench.input(words) : await bench.space(8 * pairs);
  const request = {
    weights: matrix,
    input: await bench.input(q8?.words ?? x),
    kind: c.kind,
    output,
    step: await bench.step(c.tokens),
    countWord,
    maxRows: c.tokens,
    route,
    slots,
    scratch,
    epilogue: {
      bias: await bench.input(bias),
      glu: order === "pairs" ? "swiglu_oai" as const : undefined,
      residual: c.sums,
      quantise: c.quantise,
    },
  };
  const features = { ...gpu.features, software: c.software };
  const choosing = {
    logits: await bench.input(logits),
    experts,
    gating: "softmax" as const,
    normalise: true,
    scale: routeScale,
  };
  const sorting = sortsByExpert(features, c.tokens) ? [sortExperts(request, experts)] : [];
  const dispatches = c.sums
    ? [...sorting, ...sumOfExperts(features, request)]
    : gatedExperts(features, request, { ...choosing, routed: false });
  const bytes = await bench.run(dispatches, c.tokens, output);
  const found = c.quantise
    ? valuesOfQ8(new Uint8Array(bytes), outputs)
    : new Float32Array(bytes).subarray(0, before.length);
  const written = await gpu.read({ ...route, size: 8 * pairs });
  bench.free();

  const floats = new Float32Array(words.buffer);
  const [chosen, shares] = [new Uint32Array(written.buffer), new Float32Array(written.buffer)];
  const expected = c.sums ? Float64Array.from(before) : new Float64Array(before.length);
  for (let pair = 0; pair < pairs; pair++) {
    const expert = words[2 * pair];
    assert.equal(chosen[2 * pair], expert, what);
    assert.ok(Math.abs(shares[2 * pair + 1] - floats[2 * pair + 1]) < 1e-5, what);
    const row = c.sums ? pair : Math.floor(pair / slots);
    const own = values.subarray(expert * rows * columns, (expert + 1) * rows * columns);
    const input = (q8?.values ?? x).subarray(row * columns, (row + 1) * columns);
    const y = product(own, input, rows, columns).map((v, i) => v + bias[expert * rows + i]);
    const result = order === "pairs" ? gated(y, "swiglu_oai") : y;
    result.forEach((v, i) => {
      if (c.sums) expected[Math.floor(pair / slots) * outputs + i] += floats[2 * pair + 1] * v;
      else expected[pair * outputs + i] = v;
    });
  }
  assertNmse(found, expected, 1e-6, what);
}

realTest("gatedExperts() leaves int8 activations", gpuAndGgml, async (parts) => {
  const weights = await weightsOnGpu(parts.gpu, parts.ggml, "MXFP4", 128, 96, { order: "pairs", experts: 8 });
  for (const software of [true, false]) {
    for (const tokens of [1, 5, 100]) {
      const c: Case = { software, tokens, kind: "q8", sums: false, quantise: true };
      await check(parts, weights, c, `T=${tokens} ${software ? "software" : "gpu"}`);
    }
  }
  weights.free();
});

realTest("gatedExperts() and sumOfExperts() give each token its experts", gpuAndGgml, async (parts, t) => {
  for (const type of ["MXFP4", "Q4_K", "F16"] as const) {
    const kind = type === "F16" ? "f32" : "q8";
    const columns = type === "Q4_K" ? 256 : 96;
    for (const sums of [false, true]) {
      // 68 rows of up to 8 bytes a value: an experts' matrix that is whole, and one cut into parts of 3 experts.
      for (const cut of [false, true]) {
        const order = sums ? "plain" : "pairs";
        const bindingBytes = cut ? (type === "F16" ? 45_000 : type === "Q4_K" ? 32_000 : 12_000) : undefined;
        const weights = await weightsOnGpu(parts.gpu, parts.ggml, type, 68, columns, {
          order,
          experts: 8,
          bindingBytes,
        });
        assert.equal(weights.matrix.parts.length > 1, cut);
        for (const software of [true, false]) {
          // Many tokens are sorted by expert on hardware.
          for (const tokens of software ? [1, 5] : [1, 5, 100]) {
            const name = `${type} ${sums ? "down" : "gate and up"}${cut ? " in parts" : ""}, T=${tokens} ${
              software ? "software" : "gpu"
            }`;
            await t.step(name, () => check(parts, weights, { software, tokens, kind, sums }, name));
          }
        }
        weights.free();
      }
    }
  }
});

realTest("gatedExperts() chooses and weighs as routeExperts() does", gpuAndGgml, async ({ gpu, ggml }, t) => {
  for (const [experts, slots] of [[128, 8], [33, 4], [4, 4]]) {
    const weights = await weightsOnGpu(gpu, ggml, "Q8_0", 4, 32, { order: "pairs", experts });
    for (const gating of ["softmax", "selected", "sigmoid"] as const) {
      for (const normalise of [true, false]) {
        await t.step(`${slots} of ${experts}, ${gating}${normalise ? ", normalised" : ""}`, async () => {
          const tokens = 3;
          const logits = randomFloats(tokens * experts, 2).map((v) => Math.fround(4 * v));
          logits[1] = logits[0]; // a tie
          const bench = new Bench(gpu);
          const step = { step: await bench.step(tokens), countWord };
          const choosing = { logits: await bench.input(logits), experts, gating, normalise, scale: 2.5 };
          const [route, expected] = [await bench.space(96 * slots), await bench.space(96 * slots)];
          const request = {
            ...step,
            weights: weights.matrix,
            input: await bench.input(quantiseQ8(randomFloats(tokens * 32, 3), 32).words),
            kind: "q8" as const,
            output: await bench.space(4 * tokens * slots * 2),
            maxRows: tokens,
            route,
            slots,
            epilogue: { glu: "silu" as const },
          };
          const dispatches = [
            ...gatedExperts({ ...gpu.features, software: false }, request, { ...choosing, routed: false }),
            routeExperts({ ...choosing, ...step, route: expected, slots }),
          ];
          assert.equal(dispatches.length, 2);
          const found = await bench.run(dispatches, tokens, route);
          assert.deepEqual(new Uint32Array(found), new Uint32Array((await gpu.read(expected)).buffer));
          bench.free();
        });
      }
    }
    weights.free();
  }
});

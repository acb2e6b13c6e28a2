/** Mixtures of experts: the choice, the sorting and the products, against plain TypeScript. */
import assert from "node:assert/strict";
import type { KernelFeatures } from "../../../../../inference/engines/webgpu/device/features.ts";
import {
  expertMatmul,
  type Gating,
  routeExperts,
  sortExperts,
  tilesBytes,
} from "../../../../../inference/engines/webgpu/kernels/experts.ts";
import { q8Bytes } from "../../../../../inference/engines/webgpu/kernels/quantise.ts";
import { testGpu } from "../../../../support/gpu.ts";
import { realTest } from "../../../../support/parts.ts";
import { randomFloats, uniform } from "../../../../support/random_values.ts";
import { gated, product, quantiseQ8, valuesOfQ8 } from "./matmul_reference.ts";
import { assertNmse } from "./nmse.ts";
import { gpuAndGgml, type Parts } from "./parts.ts";
import { Bench, countWord } from "./run_dispatches.ts";
import { type TestWeights, weightsOnGpu } from "./weights_on_gpu.ts";

interface Chosen {
  expert: number;
  weight: number;
}

function choose(logits: number[], slots: number, gating: Gating, normalise: boolean): Chosen[] {
  const sorted = logits.map((logit, expert) => ({ logit, expert }))
    .sort((a, b) => b.logit - a.logit || a.expert - b.expert).slice(0, slots);
  const raw = ({ logit }: { logit: number }) =>
    gating === "sigmoid" ? 1 / (1 + Math.exp(-logit)) : Math.exp(logit);
  const all = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  const chosen = sorted.reduce((sum, one) => sum + raw(one), 0);
  const total = gating === "selected" || normalise ? chosen : gating === "softmax" ? all : 1;
  return sorted.map((one) => ({ expert: one.expert, weight: raw(one) / total }));
}

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
  features: Partial<KernelFeatures>;
  tokens: number;
  kind: "q8" | "f32";
  sums: boolean;
  /** Write int8 activations (gate and up only). */
  quantise?: boolean;
}

const slots = 3;

/** A route of random experts, each token's all different. */
function randomRoute(tokens: number, experts: number): Uint32Array<ArrayBuffer> {
  const random = uniform(5);
  const words = new Uint32Array(2 * tokens * slots);
  const floats = new Float32Array(words.buffer);
  for (let token = 0; token < tokens; token++) {
    const first = Math.floor(random() * experts);
    for (let slot = 0; slot < slots; slot++) {
      words[2 * (token * slots + slot)] = (first + slot * slot) % experts;
      floats[2 * (token * slots + slot) + 1] = random();
    }
  }
  return words;
}

async function check({ gpu }: Parts, weights: TestWeights, c: Case, what: string): Promise<void> {
  const { matrix, values } = weights;
  const { rows, columns, experts, order } = matrix;
  const outputs = order === "pairs" ? rows / 2 : rows;
  const pairs = c.tokens * slots;
  const words = randomRoute(c.tokens, experts);
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
  const request = {
    weights: matrix,
    input: await bench.input(q8?.words ?? x),
    kind: c.kind,
    output,
    step: await bench.step(c.tokens),
    countWord,
    maxRows: c.tokens,
    route: await bench.input(words),
    slots,
    sums: c.sums,
    scratch,
    epilogue: {
      bias: await bench.input(bias),
      glu: order === "pairs" ? "swiglu_oai" as const : undefined,
      residual: c.sums,
      quantise: c.quantise,
    },
  };
  const features = { ...gpu.features, ...c.features };
  const dispatches = [...sortExperts(features, { ...request, experts }), ...expertMatmul(features, request)];
  const bytes = await bench.run(dispatches, c.tokens, output);
  const found = c.quantise
    ? valuesOfQ8(new Uint8Array(bytes), outputs)
    : new Float32Array(bytes).subarray(0, before.length);
  bench.free();

  const floats = new Float32Array(words.buffer);
  const expected = c.sums ? Float64Array.from(before) : new Float64Array(before.length);
  for (let pair = 0; pair < pairs; pair++) {
    const expert = words[2 * pair];
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

realTest("expertMatmul() gates into int8 activations", gpuAndGgml, async (parts) => {
  const weights = await weightsOnGpu(parts.gpu, parts.ggml, "MXFP4", 128, 96, { order: "pairs", experts: 8 });
  for (const software of [true, false]) {
    for (const tokens of [1, 5, 100]) {
      const c: Case = { features: { software }, tokens, kind: "q8", sums: false, quantise: true };
      await check(parts, weights, c, `T=${tokens} ${software ? "software" : "gpu"}`);
    }
  }
  weights.free();
});

realTest("expertMatmul() gives each token its experts, streamed and sorted", gpuAndGgml, async (parts, t) => {
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
          for (const tokens of software ? [1, 5] : [1, 5, 100]) {
            const name = `${type} ${sums ? "down" : "gate and up"}${cut ? " in parts" : ""}, T=${tokens} ${
              software ? "software" : "gpu"
            }`;
            await t.step(
              name,
              () => check(parts, weights, { features: { software }, tokens, kind, sums }, name),
            );
          }
        }
        weights.free();
      }
    }
  }
});

/** A norm, the router's logits of it and the choice of experts in one dispatch, against f64. */
import assert from "node:assert/strict";
import {
  choosesWithRouter,
  normRouter,
} from "../../../../../inference/engines/webgpu/kernels/norm_router.ts";
import { q8Bytes } from "../../../../../inference/engines/webgpu/kernels/quantise.ts";
import { realTest } from "../../../../support/parts.ts";
import { randomFloats } from "../../../../support/random_values.ts";
import { product, valuesOfQ8 } from "./matmul_reference.ts";
import { choose } from "./choose_reference.ts";
import { assertNmse } from "./nmse.ts";
import { gpuAndGgml } from "./parts.ts";
import { Bench } from "./run_dispatches.ts";
import { weightsOnGpu } from "./weights_on_gpu.ts";

interface Case {
  type: "F32" | "F16" | "BF16";
  experts: number;
  width: number;
  tokens: number;
  slots: number;
  biased?: boolean;
  /** The router in parts of 64 rows. */
  cut?: boolean;
}

const cases: Case[] = [
  { type: "F32", experts: 128, width: 576, tokens: 1, slots: 4 },
  { type: "F32", experts: 32, width: 2880, tokens: 3, slots: 4, biased: true },
  { type: "F16", experts: 33, width: 96, tokens: 5, slots: 4 },
  { type: "BF16", experts: 7, width: 32, tokens: 2, slots: 4, biased: true },
  { type: "F32", experts: 130, width: 96, tokens: 2, slots: 4, biased: true, cut: true },
  // its row does not fit into 16 KiB of workgroup memory
  { type: "F16", experts: 60, width: 4096, tokens: 2, slots: 4 },
];

for (const { type, experts, width, tokens, slots, biased = false, cut = false } of cases) {
  const what = `${tokens} rows of ${width}, ${experts} experts of ${type}${biased ? " with a bias" : ""}`;
  realTest(`normRouter() gives the norm and its logits: ${what}`, gpuAndGgml, async ({ gpu, ggml }) => {
    const bindingBytes = cut ? 64 * width * 4 : undefined;
    const router = await weightsOnGpu(gpu, ggml, type, experts, width, { bindingBytes });
    const epsilon = 1e-5;
    const [stream, weight] = [randomFloats(tokens * width, 1), randomFloats(width, 2)];
    const bias = randomFloats(Math.ceil(experts / 64) * 64, 3);
    const expected = new Float64Array(tokens * width);
    for (let token = 0; token < tokens; token++) {
      const row = stream.subarray(token * width, (token + 1) * width);
      const square = row.reduce((sum, value) => sum + value * value, 0) / width;
      row.forEach((v, i) => expected[token * width + i] = v / Math.sqrt(square + epsilon) * weight[i]);
    }
    const logits = product(router.values, expected, experts, width)
      .map((v, i) => biased ? v + bias[i % experts] : v);
    for (const software of cut ? [false] : [true, false]) { // a router in parts is not chosen by on processors
      const bench = new Bench(gpu);
      const choosing = { gating: "softmax" as const, normalise: true, scale: 2.5 };
      const route = await bench.space(8 * tokens * slots);
      const out = {
        plain: await bench.space(tokens * width * 4),
        groups: await bench.space(q8Bytes(tokens, width)),
      };
      const range = await bench.space(tokens * experts * 4);
      const dispatches = normRouter(
        { ...gpu.features, software, workgroupBytes: 16_384 },
        { width, epsilon, weight: 0 },
        {
          stream: await bench.input(stream),
          router: router.matrix,
          bias: biased ? await bench.input(bias) : undefined,
          choosing: { ...choosing, logits: range, experts },
          route,
          slots,
          out,
        },
        { vectors: await bench.input(weight), unwritten: await bench.space(16) },
      );
      const found = new Float32Array(await bench.run(dispatches, tokens, range));
      const name = software ? "software" : "gpu";
      assertNmse(found.subarray(0, logits.length), logits, 1e-11, `${name}: logits`);
      const plain = new Float32Array((await gpu.read({ ...out.plain, size: tokens * width * 4 })).buffer);
      assertNmse(plain, expected, 1e-12, `${name}: floats`);
      const packed = await gpu.read({ ...out.groups, size: q8Bytes(tokens, width) });
      assertNmse(valuesOfQ8(packed, width), expected, 1e-8, `${name}: int8`);
      if (choosesWithRouter({ ...gpu.features, software })) {
        const { buffer } = await gpu.read({ ...route, size: 8 * tokens * slots });
        const [words, weights] = [new Uint32Array(buffer), new Float32Array(buffer)];
        for (let token = 0; token < tokens; token++) {
          const row = [...logits.subarray(token * experts, (token + 1) * experts)];
          choose(row, slots, choosing.gating, choosing.normalise).forEach(({ expert, weight }, slot) => {
            const at = 2 * (token * slots + slot);
            assert.equal(words[at], expert);
            assert.ok(
              Math.abs(weights[at + 1] - choosing.scale * weight) < 1e-4,
              `weight ${weights[at + 1]}`,
            );
          });
        }
      }
      bench.free();
    }
    router.free();
  });
}

/** Rows of tables of every type against llama.cpp's dequantiser, and int8 activations against TypeScript. */
import assert from "node:assert/strict";
import { embedding } from "../../../../../inference/engines/webgpu/kernels/embedding.ts";
import { q8Bytes, quantise } from "../../../../../inference/engines/webgpu/kernels/quantise.ts";
import { weightBytes } from "../../../../../inference/engines/webgpu/weights/layout.ts";
import { weightTypes } from "../../../../../inference/engines/webgpu/weights/weight_matrix.ts";
import { tensorType } from "../../../../../inference/gguf/tensor_types.ts";
import { testGpu } from "../../../../support/gpu.ts";
import { realTest } from "../../../../support/parts.ts";
import { randomFloats } from "../../../../support/random_values.ts";
import { groupsOfQ8, q8Value, q8Words, quantiseQ8 } from "./matmul_reference.ts";
import { assertNmse } from "./nmse.ts";
import { gpuAndGgml } from "./parts.ts";
import { Bench, countWord } from "./run_dispatches.ts";
import { weightsOnGpu } from "./weights_on_gpu.ts";

realTest("embedding() gives the rows of a table, scaled", gpuAndGgml, async ({ gpu, ggml }, t) => {
  for (const type of weightTypes) {
    await t.step(type, async () => {
      const { blockSize } = tensorType(type)!;
      const columns = blockSize === 1 ? 100 : blockSize === 32 ? 96 : 512;
      // Cut into parts of 64 rows, so that each part leaves the rows of others alone.
      const bindingBytes = weightBytes(type, 64, columns);
      const table = await weightsOnGpu(gpu, ggml, type, 131, columns, { bindingBytes });
      const ids = Uint32Array.of(0, 130, 64, 63, 64, 7, 128);
      const bench = new Bench(gpu);
      const output = await bench.space(4 * ids.length * columns);
      const dispatches = embedding({
        weights: table.matrix,
        ids: await bench.input(ids),
        output,
        step: await bench.step(ids.length),
        countWord,
        scale: 3,
      });
      const found = new Float32Array(await bench.run(dispatches, ids.length, output));
      const expected = [...ids].flatMap((id) =>
        [...table.values.subarray(id * columns, (id + 1) * columns)].map((v) => 3 * v)
      );
      assertNmse(found.subarray(0, expected.length), expected, 1e-12, type);
      bench.free();
      table.free();
    });
  }
});

realTest("quantise() makes the int8 activations that TypeScript makes", testGpu, async (gpu) => {
  const rows = 3, columns = 32 * 67;
  const x = randomFloats(rows * columns, 1);
  x.fill(0, 32, 64); // a group without a scale
  x.subarray(64, 96).forEach((v, i, group) => group[i] = v * 1e-35);
  x[100] = 1e30;
  const bench = new Bench(gpu);
  const output = await bench.space(q8Bytes(rows, columns));
  const step = await bench.step(rows);
  const dispatch = quantise({ input: await bench.input(x), output, columns, step, countWord });
  const found = groupsOfQ8(new Uint32Array(await bench.run([dispatch], rows, output)), columns);
  const { groups: bytes } = quantiseQ8(x, columns);
  bytes.fill(0, 2 * q8Words, 3 * q8Words); // below 1e-30 a group counts as zero
  // Drivers may divide less exactly than IEEE does: the scale's last bit, and a value on the edge, may differ.
  let different = 0;
  const a = new Int8Array(found.buffer), b = new Int8Array(bytes.buffer);
  for (let g = 0; g < bytes.length / q8Words; g++) {
    const first = g * q8Words;
    for (let i = 0; i < 32; i++) {
      const difference = Math.abs(q8Value(a, first, i) - q8Value(b, first, i));
      assert.ok(difference <= 1, `group ${g}, value ${i}`);
      if (difference > 0) different++;
    }
    const [scale, expected] = [found, bytes].map((words) => new Float32Array(words.buffer)[first + 16]);
    assert.ok(Math.abs(scale - expected) <= 1e-6 * expected, `scale of group ${g}`);
    const sums = new Int32Array(found.buffer, 4 * first + 68, 2);
    const sum = (from: number) =>
      Array.from({ length: 16 }, (_, i) => q8Value(a, first, from + i)).reduce((s, q) => s + q, 0);
    assert.deepEqual([...sums], [sum(0), sum(16)], `sums of group ${g}`);
  }
  assert.ok(different <= rows * columns / 50, `${different} values differ`);
  bench.free();
});

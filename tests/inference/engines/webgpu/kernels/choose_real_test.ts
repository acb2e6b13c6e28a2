/** argmax, top-k and chosen values against sorting in TypeScript, ties and odd values included. */
import assert from "node:assert/strict";
import type { GpuDevice } from "../../../../../inference/engines/webgpu/device/gpu_device.ts";
import {
  argmax,
  gatherLogits,
  topK,
  topKScratchBytes,
} from "../../../../../inference/engines/webgpu/kernels/choose.ts";
import { testGpu } from "../../../../support/gpu.ts";
import { realTest } from "../../../../support/parts.ts";
import { randomFloats, uniform } from "../../../../support/random_values.ts";
import { Bench, countWord } from "./run_dispatches.ts";

interface Choice {
  column: number;
  value: number;
}

/** The k best of a row: larger first, lower column first among equals; no NaN. */
function best(row: Float32Array, k: number): Choice[] {
  return [...row].map((value, column) => ({ column, value }))
    .filter(({ value }) => !Number.isNaN(value))
    .sort((a, b) => b.value - a.value || a.column - b.column).slice(0, k);
}

function pairs(buffer: ArrayBuffer): Choice[] {
  const words = new Uint32Array(buffer), floats = new Float32Array(buffer);
  return Array.from(
    { length: words.length / 2 },
    (_, i) => ({ column: words[2 * i], value: floats[2 * i + 1] }),
  );
}

/** Rows of logits by what is odd about them. */
const rowsOf: Record<string, (columns: number) => Float32Array<ArrayBuffer>> = {
  random: (columns) => randomFloats(columns, 3),
  "all equal": (columns) => new Float32Array(columns).fill(-1.5),
  "three values": (columns) => {
    const random = uniform(4);
    return Float32Array.from({ length: columns }, () => Math.floor(random() * 3) - 1);
  },
  "falling": (columns) => Float32Array.from({ length: columns }, (_, i) => -i),
  "rising": (columns) => Float32Array.from({ length: columns }, (_, i) => i),
  "with NaN and large values": (columns) => {
    const row = randomFloats(columns, 5).map((v) => v * 1e30);
    for (let i = 0; i < columns; i += 7) row[i] = NaN;
    return row;
  },
};

async function chooseTopK(gpu: GpuDevice, rows: Float32Array<ArrayBuffer>[], k: number): Promise<Choice[][]> {
  const columns = rows[0].length;
  const bench = new Bench(gpu);
  const all = new Float32Array(rows.length * columns);
  rows.forEach((row, i) => all.set(row, i * columns));
  const output = await bench.space(8 * rows.length * k);
  const dispatches = topK({
    logits: await bench.input(all),
    columns,
    step: await bench.step(rows.length),
    countWord,
    output,
    k,
    scratch: await bench.space(topKScratchBytes(rows.length, columns, k)),
  });
  const found = pairs(await bench.run(dispatches, rows.length, output));
  bench.free();
  return rows.map((_, i) => found.slice(i * k, (i + 1) * k));
}

realTest("topK() gives what sorting gives, in one stage and in two", testGpu, async (gpu, t) => {
  for (const [columns, k] of [[1000, 40], [257, 256], [40_001, 40], [40_001, 256], [40_001, 1]]) {
    for (const [name, make] of Object.entries(rowsOf)) {
      await t.step(`${k} of ${columns}, ${name}`, async () => {
        const rows = [make(columns), randomFloats(columns, 6)];
        const found = await chooseTopK(gpu, rows, k);
        rows.forEach((row, i) => {
          const expected = best(row, k);
          assert.deepEqual(found[i].slice(0, expected.length), expected);
        });
      });
    }
  }
});

realTest("topK() of a row that is shorter leaves the rest empty", testGpu, async (gpu) => {
  const [found] = await chooseTopK(gpu, [Float32Array.of(1, 3, 2)], 5);
  assert.deepEqual(found.map(({ column }) => column), [1, 2, 0, 0xffffffff, 0xffffffff]);
});

realTest("argmax() gives the largest value and the lowest column of it", testGpu, async (gpu, t) => {
  for (const columns of [1, 255, 1000, 40_001]) {
    await t.step(`${columns}`, async () => {
      const rows = Object.values(rowsOf).map((make) => make(columns));
      if (columns === 1) rows.pop(); // its only value is not a number
      const bench = new Bench(gpu);
      const all = new Float32Array(rows.length * columns);
      rows.forEach((row, i) => all.set(row, i * columns));
      const output = await bench.space(8 * rows.length);
      const step = await bench.step(rows.length);
      const dispatch = argmax({ logits: await bench.input(all), columns, step, countWord, output });
      const found = pairs(await bench.run([dispatch], rows.length, output));
      assert.deepEqual(found.slice(0, rows.length), rows.flatMap((row) => best(row, 1)));
      bench.free();
    });
  }
});

realTest("gatherLogits() gives chosen values, 0 for what is not there", testGpu, async (gpu) => {
  const bench = new Bench(gpu);
  const logits = randomFloats(2 * 70, 1);
  const ids = Uint32Array.of(69, 0, 5, 70, 1, 2);
  const output = await bench.space(24);
  const dispatch = gatherLogits({
    logits: await bench.input(logits),
    columns: 70,
    step: await bench.step(2),
    countWord,
    ids: await bench.input(ids),
    output,
    count: 3,
  });
  const found = new Float32Array(await bench.run([dispatch], 2, output)).subarray(0, 6);
  assert.deepEqual([...found], [logits[69], logits[0], logits[5], 0, logits[71], logits[72]]);
  bench.free();
});

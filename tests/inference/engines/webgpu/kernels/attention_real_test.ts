/** Attention's kernels against f64, over head sizes, caches, windows, soft-caps, sinks and mixes of tokens. */
import { ropeTable } from "../../../../../inference/engines/webgpu/graph/rope.ts";
import {
  batchSections,
  layOutBatch,
  orderTokens,
  type PlacedToken,
} from "../../../../../inference/engines/webgpu/execution/batch_layout.ts";
import type { GpuDevice } from "../../../../../inference/engines/webgpu/device/gpu_device.ts";
import {
  attention,
  type CacheType,
  pagePositions,
  tileQueries,
} from "../../../../../inference/engines/webgpu/kernels/attention.ts";
import { testGpu } from "../../../../support/gpu.ts";
import { realTest } from "../../../../support/parts.ts";
import { gaussian } from "../../../../support/tiny_model.ts";
import { type ReferenceAttention, referenceAttention } from "./attention_reference.ts";
import { assertNmse } from "./nmse.ts";

interface Case extends Partial<Omit<ReferenceAttention, "queryNorm" | "keyNorm" | "sinks">> {
  name: string;
  norms?: boolean;
  sinks?: boolean;
  cache?: CacheType;
  splits?: number;
  /** Largest NMSE. @default 1e-10 with an f32 cache, 1e-6 with f16, 5e-4 with q8_0 */
  limit?: number;
}

const limits = { f32: 1e-10, f16: 1e-6, q8_0: 5e-4 };

const cases: Case[] = [
  { name: "grouped heads of 64, f32 cache", cache: "f32" },
  { name: "f16 cache" },
  { name: "q8_0 cache", cache: "q8_0" },
  { name: "one kv head, heads of 80", heads: 6, kvHeads: 1, headSize: 80, rotated: 80, cache: "f32" },
  { name: "heads of 96, 64 of them turned", headSize: 96, rotated: 64, cache: "f32" },
  { name: "heads of 96 in a q8_0 cache", headSize: 96, rotated: 96, cache: "q8_0" },
  { name: "heads of 128 with norms", headSize: 128, rotated: 128, norms: true, cache: "f32" },
  {
    name: "heads of 256 and a soft-cap",
    heads: 2,
    kvHeads: 1,
    headSize: 256,
    rotated: 256,
    softcap: 2,
    cache: "f32",
  },
  { name: "a window across pages", window: 70, splits: 3, cache: "f32" },
  { name: "a window shorter than a tile", window: 5, cache: "f32" },
  { name: "sinks", sinks: true, neox: false, cache: "f32" },
  { name: "as many kv heads as heads, no positions", kvHeads: 6, rotated: 0, cache: "f32" },
];

/** Lengths of the sequences before the step, and how many tokens it adds to each. */
const sequences = [[0, 37], [150, 1], [63, 1], [64, 20], [0, 1], [129, 3], [5, 1]];

for (const given of cases) {
  realTest(`attention is that of the papers: ${given.name}`, testGpu, async (gpu) => {
    await compare(gpu, given);
  });
}

async function compare(gpu: GpuDevice, given: Case): Promise<void> {
  const random = gaussian(7);
  const floats = (length: number, scale = 1) => Float32Array.from({ length }, () => random() * scale);
  const plain = {
    heads: 6,
    kvHeads: 2,
    headSize: 64,
    rotated: 64,
    neox: true,
    scale: 0.125,
    window: 0,
    softcap: 0,
    epsilon: 1e-6,
    ...given,
  };
  const { heads, kvHeads, headSize, rotated, cache = "f16" } = plain;
  const width = (heads + 2 * kvHeads) * headSize;
  const positions = Math.max(...sequences.map(([held, added]) => held + added));
  const shape: ReferenceAttention = {
    ...plain,
    queryNorm: given.norms ? floats(headSize) : undefined,
    keyNorm: given.norms ? floats(headSize) : undefined,
    sinks: given.sinks ? floats(heads) : undefined,
    turns: ropeTable(
      {
        style: "neox",
        dimensions: rotated,
        base: 10000,
        scaling: "linear",
        factor: 1,
        originalContext: 1,
        betaFast: 32,
        betaSlow: 1,
        magnitude: 1,
      },
      positions,
    ),
  };
  const inputs = sequences.map(([held, added]) => floats((held + added) * width));
  const outputs = inputs.map((qkv) => referenceAttention(qkv, shape));
  const actual = await attend(gpu, shape, { cache, splits: given.splits ?? 2, inputs });
  const row = heads * headSize;
  const expected = sequences.map(([held], i) => outputs[i].subarray(held * row));
  const limit = given.limit ?? limits[cache];
  actual.forEach((values, i) => assertNmse(values, expected[i], limit, `${given.name}, sequence ${i}`));
}

/** Runs what the sequences hold in one step and what is added in a second; gives the second's outputs by sequence. */
async function attend(
  gpu: GpuDevice,
  shape: ReferenceAttention,
  { cache, splits, inputs }: { cache: CacheType; splits: number; inputs: Float32Array[] },
): Promise<Float32Array[]> {
  const { heads, kvHeads, headSize } = shape;
  const width = (heads + 2 * kvHeads) * headSize;
  const pageWords = 4;
  const rows = 1024;
  const sections = batchSections(rows);
  const cells = sequences.length * pageWords * pagePositions;
  const arena = gpu.arena("test", 2 ** 26);
  const vectors: number[] = [];
  const vector = (values?: Float32Array) => {
    if (!values) return undefined;
    const at = vectors.length;
    vectors.push(...values);
    while (vectors.length % 4) vectors.push(0);
    return at;
  };
  const offsets = {
    queryNorm: vector(shape.queryNorm),
    keyNorm: vector(shape.keyNorm),
    sinks: vector(shape.sinks),
  };
  const shared = {
    step: await gpu.uniform(16, "step"),
    batch: await arena.range(sections.bytes),
    pages: await arena.range(sequences.length * pageWords * 4),
    vectors: await gpu.buffer(Math.max(16, vectors.length * 4), "vectors"),
    unread: await gpu.buffer(16, "unread"),
    unwritten: await arena.range(16),
  };
  const cacheWords = cells * kvHeads * headSize / { f32: 1, f16: 2, q8_0: 4 }[cache];
  const scaleWords = cells * kvHeads * Math.ceil(headSize / 64);
  const turns = await gpu.buffer(Math.max(16, shape.turns.byteLength), "turns");
  const qkv = await gpu.buffer(rows * width * 4, "qkv");
  const out = await gpu.buffer(rows * heads * headSize * 4, "out");
  const operands = {
    qkv,
    turns,
    queries: await gpu.buffer(rows * heads * headSize * 4, "queries"),
    keys: await gpu.buffer((cacheWords + scaleWords) * 4, "keys"),
    values: await gpu.buffer((cacheWords + scaleWords) * 4, "values"),
    parts: await gpu.buffer(rows * heads * headSize * 4, "parts"),
    sums: await gpu.buffer(rows * heads * 8, "sums"),
    out: { plain: out },
  };
  if (vectors.length > 0) gpu.write(shared.vectors, Float32Array.from(vectors));
  if (shape.turns.length > 0) gpu.write(turns, shape.turns as Float32Array<ArrayBuffer>);
  // pages in another order than the positions
  gpu.write(shared.pages, Uint32Array.from({ length: sequences.length * pageWords }, (_, i) => i ^ 1));
  const step = { singles: 0, splits: 1, tiles: 0 };
  const dispatches = attention(
    { ...shape, cache, cacheScales: cacheWords, ...offsets },
    operands,
    shared,
    step,
    sections.tiles,
  );
  const results: Float32Array[] = inputs.map(() => new Float32Array());
  for (const part of ["held", "added"]) {
    const tokens: PlacedToken[] = [];
    sequences.forEach(([held, added], sequence) => {
      const [from, to] = part === "held" ? [0, held] : [held, held + added];
      for (let position = from; position < to; position++) {
        const page = sequence * pageWords + Math.floor(position / pagePositions);
        const cell = (page ^ 1) * pagePositions + position % pagePositions;
        tokens.push({ token: 0, position, sequence, cell, index: tokens.length, wanted: false });
      }
    });
    const ordered = orderTokens(tokens);
    const laidOut = layOutBatch(ordered, sections, { pageWords, queries: tileQueries(headSize) });
    Object.assign(step, { singles: laidOut.singles, tiles: laidOut.tiles, splits });
    gpu.write(shared.batch, laidOut.words);
    gpu.write(shared.step, Uint32Array.of(laidOut.rows, 0, laidOut.singles, splits));
    const input = new Float32Array(ordered.length * width);
    ordered.forEach(({ sequence, position }, i) =>
      input.set(inputs[sequence].subarray(position * width, (position + 1) * width), i * width)
    );
    gpu.write(qkv, input);
    await gpu.run(dispatches, laidOut.rows);
    const bytes = await gpu.read({ ...out, size: ordered.length * heads * headSize * 4 });
    await gpu.checkAll();
    const values = new Float32Array(bytes.buffer);
    sequences.forEach((_, sequence) => {
      const first = ordered.findIndex((token) => token.sequence === sequence);
      const count = ordered.filter((token) => token.sequence === sequence).length;
      results[sequence] = values.slice(first * heads * headSize, (first + count) * heads * headSize);
    });
  }
  arena.free();
  for (const { buffer } of [shared.vectors, qkv, out, operands.keys, operands.values, operands.parts]) {
    buffer.destroy();
  }
  gpu.forgetBindings();
  return results;
}

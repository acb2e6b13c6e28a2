/**
 * `deno run -A tests/bench/webgpu/attention.ts`: attention of a single token as a share of the memory's measured
 * bandwidth: bytes of keys and values that it has to read, by the time that it takes.
 *
 *   --contexts 1024,16384   positions that are held     --rounds 5     --cache f16
 *   --write                 add the section to tests/bench/RESULTS.md
 */
import { parseArgs } from "node:util";
import { measureBandwidth } from "../../../inference/engines/gpu/bandwidth.ts";
import type { GpuDevice } from "../../../inference/engines/webgpu/device/gpu_device.ts";
import { pageBytes } from "../../../inference/engines/webgpu/execution/kv_cache.ts";
import { chooseSplits } from "../../../inference/engines/webgpu/execution/model.ts";
import { pagesOf } from "../../../inference/engines/webgpu/execution/page_table.ts";
import {
  attention,
  type CacheType,
  pagePositions,
} from "../../../inference/engines/webgpu/kernels/attention.ts";
import { testGpu } from "../../support/gpu.ts";
import { median } from "../report.ts";
import { Section } from "./section.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    contexts: { type: "string" },
    rounds: { type: "string", default: "5" },
    cache: { type: "string", default: "f16" },
    write: { type: "boolean", default: false },
  },
});

const gpu = await testGpu();
const { software } = gpu.features;
const contexts = (values.contexts ?? (software ? "256,1024" : "1024,4096,16384")).split(",").map(Number);
/** SmolLM2 135M, Llama 3.2 1B, Llama 3.1 8B. */
const shapes = [
  { heads: 9, kvHeads: 3, headSize: 64 },
  { heads: 32, kvHeads: 8, headSize: 64 },
  { heads: 32, kvHeads: 8, headSize: 128 },
];
/** As many as make a submit's own cost small, each on a cache of its own. */
const layers = software ? 4 : 32;

const { copy } = await measureBandwidth(gpu.raw);
const section = await Section.begin(
  "attention on WebGPU",
  "attention",
  gpu,
  `copies ${
    (copy / 1e9).toFixed(1)
  } GB/s; a single token, cache ${values.cache}; medians of ${values.rounds} rounds`,
);
const rows: (string | number)[][] = [];
for (const shape of shapes) {
  for (const context of contexts) {
    const { seconds, bytes } = await measure(gpu, shape, context, values.cache as CacheType);
    const { heads, headSize, kvHeads } = shape;
    rows.push([
      `${heads} x ${headSize} (${kvHeads})`,
      context,
      (seconds * 1e6).toFixed(0),
      (bytes / seconds / 1e9).toFixed(2),
      `${Math.round(100 * bytes / seconds / copy)} %`,
    ]);
  }
}
section.table(["heads x size (kv)", "context", "µs", "GB/s of cache", "share of copy"], rows);
if (values.write) await section.write();

async function measure(
  gpu: GpuDevice,
  shape: typeof shapes[number],
  context: number,
  cache: CacheType,
): Promise<{ seconds: number; bytes: number }> {
  const { heads, kvHeads, headSize } = shape;
  const pages = pagesOf(context);
  const page = pageBytes({ ...shape, epsilon: 0 }, cache);
  const arena = gpu.arena("bench cache", 2 ** 28);
  const width = (heads + 2 * kvHeads) * headSize;
  const make = (bytes: number) => gpu.buffer(bytes, "bench");
  const splits = chooseSplits({ singles: 1, singlePages: pages }, software);
  const shared = {
    step: await gpu.uniform(16, "step"),
    batch: await make(4096),
    pages: await make(pages * 4),
    vectors: await make(16),
    unread: await make(16),
    unwritten: await make(16),
  };
  const work = {
    qkv: await make(width * 4),
    turns: await make(context * headSize * 4),
    queries: await make(heads * headSize * 4),
    parts: await make(splits * heads * headSize * 4),
    sums: await make(splits * heads * 8),
    out: { plain: await make(heads * headSize * 4) },
  };
  gpu.write(shared.step, Uint32Array.of(1, 0, 1, splits));
  gpu.write(shared.batch, Uint32Array.of(0, context - 1, context - 1, 0));
  gpu.write(shared.pages, Uint32Array.from({ length: pages }, (_, i) => i));
  const kernel = {
    ...shape,
    cache,
    cacheScales: pages * page.quants / 4,
    rotated: headSize,
    neox: true,
    scale: 0.1,
    window: 0,
    softcap: 0,
    epsilon: 1e-6,
  };
  const step = { singles: 1, splits, tiles: 0 };
  const dispatches = [];
  for (let layer = 0; layer < layers; layer++) {
    const bytes = pages * (page.quants + page.scales);
    const caches = { keys: await arena.range(bytes), values: await arena.range(bytes) };
    // rotation and combination belong to it
    dispatches.push(...attention(kernel, { ...work, ...caches }, shared, step, 64));
  }
  const plan = await gpu.prepare(dispatches);
  const times: number[] = [];
  for (let round = 0; round < Number(values.rounds) + 2; round++) {
    await gpu.drain();
    const start = performance.now();
    const recorder = gpu.record();
    recorder.run(plan.dispatches, 1);
    recorder.submit();
    await gpu.drain();
    if (round >= 2) times.push((performance.now() - start) / 1000);
  }
  await gpu.checkAll();
  plan.free();
  arena.free();
  const { out, ...others } = work;
  for (const { buffer } of [...Object.values(shared), ...Object.values(others), out.plain]) buffer.destroy();
  gpu.forgetBindings();
  const bytes = 2 * context / pagePositions * (page.quants + page.scales);
  return { seconds: median(times) / layers, bytes };
}

/** A plan -> a model on the GPU: allocates everything first, so that a model that does not fit is refused early. */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import { findTensor, type Gguf } from "../../../gguf/mod.ts";
import type { BufferRange } from "../device/dispatch.ts";
import type { GpuDevice } from "../device/gpu_device.ts";
import type { AttentionNode } from "../graph/nodes.ts";
import type { ExpertScratch } from "../kernels/experts.ts";
import type { PassPlan } from "../graph/plan.ts";
import type { PassResources } from "../graph/record.ts";
import { type Rope, ropeTable } from "../graph/rope.ts";
import { batchSections, headerBytes } from "./batch_layout.ts";
import { allocateCache, type KvCache } from "./kv_cache.ts";
import { loadMatrices, loadVectors, TensorFiles } from "./load_weights.ts";
import { attentionBytes, type ExecutionSizes, expertBytes, memoryNeed, slotBytes } from "./memory_need.ts";
import { Model } from "./model.ts";
import { pagesOf } from "./page_table.ts";

/** Blocks in which the memory of weights and cache is allocated. */
const blockBytes = 2 ** 30;

/**
 * @throws {SkiffError} "out_of_memory" with what is needed, "corrupt" for a file that has become shorter, "internal"
 * when a kernel does not compile.
 */
export async function loadModel(
  gpu: GpuDevice,
  gguf: Gguf,
  plan: PassPlan,
  sizes: ExecutionSizes,
  onProgress?: (fraction: number) => void,
): Promise<Model> {
  const need = memoryNeed(plan, sizes);
  const block = (bytes: number) => Math.min(blockBytes, Math.max(2 ** 16, bytes + 2 ** 16));
  const weightArena = gpu.arena("weights", block(need.weights));
  const cacheArena = gpu.arena("cache", block(need.cache));
  const owned: BufferRange[] = [];
  const free = () => {
    weightArena.free();
    cacheArena.free();
    for (const { buffer } of owned) buffer.destroy();
    gpu.forgetBindings();
  };
  const buffer = async (bytes: number, label: string) => {
    const range = await gpu.buffer(bytes, label);
    owned.push(range);
    return range;
  };
  try {
    await using files = await TensorFiles.open(gguf);
    const work = await allocateWork(plan, sizes, buffer, async (bytes) => {
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
      const range = { buffer: await gpu.allocate(bytes, usage, "step"), offset: 0, size: bytes };
      owned.push(range);
      return range;
    });
    const tableWords = sizes.sequences * pagesOf(sizes.contextTokens);
    const shapes = plan.pass.attentions.map(({ shape }) => shape);
    const cacheOptions = { type: sizes.cacheType, pages: sizes.pages, tableWords };
    const cache = await allocateCache(gpu, cacheArena, shapes, cacheOptions);
    owned.push(cache.pages, cache.scratch);
    const turns = await loadTurns(gpu, gguf, plan, sizes.contextTokens, files, buffer);
    const vectors = await loadVectors(gpu, plan, files);
    owned.push(vectors);
    const weights = await loadMatrices(gpu, weightArena, plan, files, onProgress);
    const resources = joinResources({ gpu, plan, sizes, work, cache, turns, vectors, weights });
    const { output, outputWidth } = outputOf(plan, work.slots);
    const sections = batchSections(sizes.microRows);
    const model = new Model({
      gpu,
      sizes,
      sections,
      resources,
      cache,
      output,
      outputWidth,
      bytes: need.total,
      free,
    });
    await model.warmUp();
    gpu.check();
    gpu.collectGarbage();
    return model;
  } catch (error) {
    free();
    throw error instanceof SkiffError && error.code === "out_of_memory" ? tooLarge(need.total, error) : error;
  }
}

type Allocate = (bytes: number, label: string) => Promise<BufferRange>;

interface WorkBuffers {
  slots: BufferRange[];
  queries: BufferRange;
  parts: BufferRange;
  sums: BufferRange;
  /** The step's counts, and behind them the batch. */
  step: BufferRange;
  batch: BufferRange;
  unread: BufferRange;
  unwritten: BufferRange;
  experts?: ExpertScratch;
}

/** Each a buffer of its own: a dispatch may not read one part of a buffer and write another. */
async function allocateWork(
  plan: PassPlan,
  sizes: ExecutionSizes,
  buffer: Allocate,
  allocateStep: (bytes: number) => Promise<BufferRange>,
): Promise<WorkBuffers> {
  const { queries, parts, sums } = attentionBytes(plan, sizes);
  const sections = batchSections(sizes.microRows);
  const whole = await allocateStep(headerBytes + sections.bytes);
  const stepAndBatch = {
    step: { ...whole, size: 16 },
    batch: { ...whole, offset: headerBytes, size: sections.bytes },
  };
  const slots: BufferRange[] = [];
  for (let i = 0; i < plan.slots.length; i++) {
    slots.push(await buffer(slotBytes(plan, i, sizes), `slot ${i}`));
  }
  return {
    slots,
    queries: await buffer(queries, "queries"),
    parts: await buffer(parts, "attention parts"),
    sums: await buffer(sums, "attention sums"),
    ...stepAndBatch,
    unread: await buffer(16, "unread"),
    unwritten: await buffer(16, "unwritten"),
    experts: await allocateExperts(plan, sizes, buffer),
  };
}

/** Where plans for many rows sort tokens by expert; nothing for a model without experts. */
async function allocateExperts(
  plan: PassPlan,
  sizes: ExecutionSizes,
  buffer: Allocate,
): Promise<ExpertScratch | undefined> {
  const bytes = expertBytes(plan, sizes);
  if (bytes === undefined) return undefined;
  return {
    tiles: await buffer(bytes.tiles, "expert tiles"),
    sorted: await buffer(bytes.sorted, "sorted tokens"),
    pairs: await buffer(bytes.pairs, "expert results"),
  };
}

/** A table of cosines and sines for each kind of rotation, shared by its layers. */
async function loadTurns(
  gpu: GpuDevice,
  gguf: Gguf,
  plan: PassPlan,
  contextTokens: number,
  files: TensorFiles,
  buffer: Allocate,
): Promise<Map<AttentionNode, BufferRange>> {
  const tables = new Map<string, BufferRange>();
  const turns = new Map<AttentionNode, BufferRange>();
  for (const node of plan.pass.attentions) {
    if (!node.rope) continue;
    const key = JSON.stringify(node.rope);
    if (!tables.has(key)) {
      const divisors = await ropeDivisors(gguf, node.rope, files);
      const table = ropeTable(node.rope, contextTokens, divisors);
      const range = await buffer(table.byteLength, "turns");
      gpu.write(range, table);
      tables.set(key, range);
    }
    turns.set(node, tables.get(key)!);
  }
  return turns;
}

async function ropeDivisors(gguf: Gguf, rope: Rope, files: TensorFiles): Promise<Float32Array | undefined> {
  if (rope.factors === undefined) return undefined;
  const divisors = await files.floats(findTensor(gguf, rope.factors));
  if (divisors.length >= rope.dimensions / 2 && divisors.every((value) => value > 0)) return divisors;
  throw new SkiffError(
    "corrupt",
    `Cannot load "${gguf.path}": ${rope.factors} is not ${rope.dimensions / 2} factors`,
  );
}

interface Loaded {
  gpu: GpuDevice;
  plan: PassPlan;
  sizes: ExecutionSizes;
  work: WorkBuffers;
  cache: KvCache;
  turns: PassResources["turns"];
  vectors: BufferRange;
  weights: PassResources["weights"];
}

function joinResources(
  { gpu, plan, sizes, work, cache, turns, vectors, weights }: Loaded,
): PassResources {
  const sections = batchSections(sizes.microRows);
  const { slots, queries, parts, sums, step, batch, unread, unwritten } = work;
  const tokens = {
    buffer: batch.buffer,
    offset: batch.offset + sections.tokens * 4,
    size: sections.capacity * 4,
  };
  return {
    plan,
    features: gpu.features,
    weights,
    shared: { step, batch, pages: cache.pages, vectors, unread, unwritten },
    slots,
    caches: new Map(plan.pass.attentions.map((node, i) => [node, cache.layers[i]])),
    cacheType: sizes.cacheType,
    turns,
    queries,
    parts,
    sums,
    experts: work.experts,
    tokens,
    wanted: sections.wanted,
    tiles: sections.tiles,
    step: { singles: 0, splits: 1, tiles: 0 },
  };
}

/** What the last node writes. */
function outputOf({ pass, placements }: PassPlan, slots: BufferRange[]) {
  const { out } = pass.nodes.at(-1)!;
  return { output: slots[placements.get(out.id)!.plain!], outputWidth: out.width };
}

function tooLarge(bytes: number, cause: SkiffError): SkiffError {
  const gib = (bytes / 2 ** 30).toFixed(1);
  return new SkiffError(
    "out_of_memory",
    `The model needs ${gib} GiB of the GPU's memory, which has not that much free`,
    {
      hint: "Use a smaller context or a smaller quantisation, close other programs, or use --engine llama.",
      cause,
      details: { needed_bytes: bytes },
    },
  );
}

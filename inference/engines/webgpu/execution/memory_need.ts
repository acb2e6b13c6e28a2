/** What a model will take on the GPU, counted before anything is allocated. */
import type { AttentionShape } from "../graph/nodes.ts";
import type { PassPlan, PlannedMatrix } from "../graph/plan.ts";
import type { CacheType } from "../kernels/attention.ts";
import { tilesBytes } from "../kernels/experts.ts";
import { weightBytes } from "../weights/layout.ts";
import { batchSections } from "./batch_layout.ts";
import { pageBytes } from "./kv_cache.ts";

/** Sizes that a model is loaded with. */
export interface ExecutionSizes {
  contextTokens: number;
  sequences: number;
  /** Pages of the cache, for all sequences. */
  pages: number;
  cacheType: CacheType;
  /** Rows of a micro-batch, and how many of them can be wanted. */
  microRows: number;
  wantedRows: number;
}

/** Bytes. */
export interface MemoryNeed {
  weights: number;
  cache: number;
  work: number;
  total: number;
  /** The largest single buffer, and the largest that a kernel binds whole. */
  largestCache: number;
}

/** Parts of attention that single tokens may be split into, beyond one for each row. */
export const extraParts = 256;

export function memoryNeed(plan: PassPlan, sizes: ExecutionSizes): MemoryNeed {
  const weights = plan.uploads.reduce((sum, matrix) => sum + matrixBytes(matrix), plan.vectorFloats * 4);
  const layers = plan.pass.attentions.map(({ shape }) => cacheBytes(shape, sizes));
  const cache = layers.reduce((sum, bytes) => sum + 2 * bytes, 0);
  const work = workBytes(plan, sizes);
  return { weights, cache, work, total: weights + cache + work, largestCache: Math.max(0, ...layers) };
}

function matrixBytes({ type, rows, experts, columns }: PlannedMatrix): number {
  return weightBytes(type, rows * experts, columns);
}

/** Of the keys of one layer, or of its values. */
export function cacheBytes(shape: AttentionShape, { cacheType, pages }: ExecutionSizes): number {
  const { quants, scales } = pageBytes(shape, cacheType);
  return pages * (quants + scales);
}

function workBytes(plan: PassPlan, sizes: ExecutionSizes): number {
  const slots = plan.slots.map((_, i) => slotBytes(plan, i, sizes));
  const { queries, parts, sums } = attentionBytes(plan, sizes);
  const turns = turnBytes(plan, sizes);
  const { tiles, sorted, pairs } = expertBytes(plan, sizes) ?? { tiles: 0, sorted: 0, pairs: 0 };
  const experts = tiles + sorted + pairs;
  return experts + slots.reduce((a, b) => a + b, 0) + queries + parts + sums + turns +
    batchSections(sizes.microRows).bytes;
}

export function slotBytes(plan: PassPlan, slot: number, { microRows, wantedRows }: ExecutionSizes): number {
  const { bytes, wanted } = plan.slots[slot];
  return bytes * (wanted ? wantedRows : batchSections(microRows).capacity);
}

/** Buffers that the layers' attention shares. */
export function attentionBytes(plan: PassPlan, { microRows }: ExecutionSizes) {
  const rows = batchSections(microRows).capacity;
  const shapes = plan.pass.attentions.map(({ shape }) => shape);
  const width = Math.max(0, ...shapes.map(({ heads, headSize }) => heads * headSize));
  const heads = Math.max(0, ...shapes.map((shape) => shape.heads));
  // gates and ups of different types stand in the parts before they are multiplied
  const apart = plan.pass.nodes.map((node) =>
    node.op === "gated" && plan.matrices.get(node)!.length > 1 ? node.out.width * 2 : 0
  );
  return {
    queries: rows * width * 4,
    parts: Math.max((rows + extraParts) * width, rows * Math.max(0, ...apart)) * 4,
    sums: (rows + extraParts) * heads * 8,
  };
}

/** What products with experts hand to each other; undefined for a model without experts. */
export function expertBytes(plan: PassPlan, { microRows }: ExecutionSizes) {
  const rows = batchSections(microRows).capacity;
  const routes = plan.pass.nodes.flatMap((node) => node.op === "gated" && node.route ? [node.route] : []);
  if (routes.length === 0) return undefined;
  const slots = Math.max(...routes.map(({ used }) => used));
  const experts = Math.max(...routes.map(({ logits }) => logits.width));
  return {
    tiles: tilesBytes(rows, slots, experts),
    sorted: rows * slots * 4,
    pairs: rows * slots * plan.pass.width * 4,
  };
}

/** Tables of cosines and sines, one for each kind of rotation. */
function turnBytes(plan: PassPlan, { contextTokens }: ExecutionSizes): number {
  const kinds = new Map(
    plan.pass.attentions.map(({ rope }) => [JSON.stringify(rope), rope?.dimensions ?? 0]),
  );
  return [...kinds.values()].reduce((sum, dimensions) => sum + contextTokens * dimensions * 4, 0);
}

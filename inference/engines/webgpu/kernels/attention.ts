/**
 * Attention of a layer: rotate.wgsl stores keys and values, attention.wgsl and attention_tile.wgsl attend for single
 * tokens and for runs of a prompt, combine.wgsl joins their parts.
 */
import { type BufferRange, type Dispatch, float32Word } from "../device/dispatch.ts";
import attentionSource from "./attention.wgsl" with { type: "text" };
import tileSource from "./attention_tile.wgsl" with { type: "text" };
import combineSource from "./combine.wgsl" with { type: "text" };
import type { Activations, PassBuffers } from "./pass_buffers.ts";
import rotateSource from "./rotate.wgsl" with { type: "text" };
import { specialise } from "./specialise.ts";
import { wgslParts } from "./wgsl_parts.ts";

export type CacheType = "f32" | "f16" | "q8_0";

/** Positions of a page of the cache; a multiple of the 32 that attention_tile.wgsl takes at once. */
export const pagePositions = 64;

export interface AttentionKernel {
  heads: number;
  kvHeads: number;
  /** D, a multiple of 16. */
  headSize: number;
  cache: CacheType;
  /** First word of the scales in the cache's buffers (q8_0). */
  cacheScales: number;
  /** Elements that turn; 0 = none. */
  rotated: number;
  neox: boolean;
  scale: number;
  window: number;
  softcap: number;
  epsilon: number;
  /** Offsets in the vectors, in floats. */
  queryNorm?: number;
  keyNorm?: number;
  sinks?: number;
}

export interface AttentionOperands {
  qkv: BufferRange;
  /** Cosines and sines by position. */
  turns?: BufferRange;
  queries: BufferRange;
  keys: BufferRange;
  values: BufferRange;
  parts: BufferRange;
  sums: BufferRange;
  out: Activations;
}

/** How the rows of the next step are spread; what `workgroups` read when a step is recorded. */
export interface AttentionStep {
  /** Tokens that are alone of their sequence; they come first. */
  singles: number;
  splits: number;
  tiles: number;
}

const cacheNumbers = { f32: 0, f16: 1, q8_0: 2 };

/** Queries of a tile: what fits the 16 KiB of workgroup memory that every adapter has. */
export function tileQueries(headSize: number): number {
  return headSize > 128 ? 8 : headSize > 64 ? 16 : 32;
}

/** The dispatches of one layer's attention. `tiles` = vec4 of `batch` at which the tiles stand. */
export function attention(
  kernel: AttentionKernel,
  operands: AttentionOperands,
  shared: PassBuffers,
  step: Readonly<AttentionStep>,
  tiles: number,
): Dispatch[] {
  return [
    rotate(kernel, operands, shared),
    attendSingles(kernel, operands, shared, step),
    attendTiles(kernel, operands, shared, step, tiles),
    combine(kernel, operands, shared),
  ];
}

function cacheConstants({ headSize, kvHeads, cache }: AttentionKernel) {
  return { D: headSize, KV_HEADS: kvHeads, PAGE: pagePositions, CACHE: cacheNumbers[cache] };
}

function rotate(kernel: AttentionKernel, operands: AttentionOperands, shared: PassBuffers): Dispatch {
  const { heads, kvHeads, rotated, neox, queryNorm, keyNorm } = kernel;
  const constants = {
    ...cacheConstants(kernel),
    HEADS: heads,
    NORMED: queryNorm !== undefined,
    ROTATED: rotated,
    NEOX: neox,
  };
  return {
    kernel: {
      name: `rotate ${kernel.headSize}`,
      code: specialise(rotateSource, constants, wgslParts),
      access: ["read", "read", "read", "read", "write", "write", "write"],
    },
    buffers: [
      shared.batch,
      shared.vectors,
      operands.turns ?? shared.unread,
      operands.qkv,
      operands.queries,
      operands.keys,
      operands.values,
    ],
    params: [
      queryNorm ?? 0,
      keyNorm ?? 0,
      kernel.cacheScales,
      float32Word(kernel.scale),
      float32Word(kernel.epsilon),
    ],
    workgroups: (rows) => [heads + 2 * kvHeads, rows, 1],
    label: "rotate",
  };
}

const attendAccess = ["uniform", "read", "read", "read", "read", "read", "write", "write"] as const;

function attendBuffers({ queries, keys, values, parts, sums }: AttentionOperands, shared: PassBuffers) {
  return [shared.step, shared.batch, queries, keys, values, shared.pages, parts, sums];
}

function attendSingles(
  kernel: AttentionKernel,
  operands: AttentionOperands,
  shared: PassBuffers,
  step: Readonly<AttentionStep>,
): Dispatch {
  const { heads, kvHeads, headSize, window, softcap } = kernel;
  const group = heads / kvHeads;
  const constants = {
    ...cacheConstants(kernel),
    GROUP: group,
    THREADS: Math.min(256, Math.max(32, Math.ceil(group * headSize / 64) * 32)),
    WINDOW: window,
    SOFTCAP: softcap,
  };
  return {
    kernel: {
      name: `attention ${headSize}`,
      code: specialise(attentionSource, constants, wgslParts),
      access: attendAccess,
    },
    buffers: attendBuffers(operands, shared),
    params: [kernel.cacheScales],
    workgroups: () => [kvHeads, step.splits, step.singles],
    label: "attention",
  };
}

function attendTiles(
  kernel: AttentionKernel,
  operands: AttentionOperands,
  shared: PassBuffers,
  step: Readonly<AttentionStep>,
  tiles: number,
): Dispatch {
  const { heads, kvHeads, headSize, window, softcap } = kernel;
  const constants = {
    ...cacheConstants(kernel),
    GROUP: heads / kvHeads,
    QUERIES: tileQueries(headSize),
    ROWS: tileQueries(headSize) / 8,
    ITEMS: headSize / 16,
    WINDOW: window,
    SOFTCAP: softcap,
  };
  return {
    kernel: {
      name: `attention tile ${headSize}`,
      code: specialise(tileSource, constants, wgslParts),
      access: attendAccess,
    },
    buffers: attendBuffers(operands, shared),
    params: [kernel.cacheScales, tiles],
    workgroups: () => [heads, step.tiles, 1],
    label: "attention",
  };
}

function combine(kernel: AttentionKernel, operands: AttentionOperands, shared: PassBuffers): Dispatch {
  const { heads, headSize, sinks } = kernel;
  const { out, parts, sums } = operands;
  const constants = {
    HEADS: heads,
    D: headSize,
    THREADS: heads * headSize > 2048 ? 128 : 32,
    SINKS: sinks !== undefined,
    PLAIN: out.plain !== undefined,
    GROUPS: out.groups !== undefined,
  };
  return {
    kernel: {
      name: `combine ${heads}x${headSize}`,
      code: specialise(combineSource, constants, wgslParts),
      access: ["uniform", "read", "read", "read", "write", "write"],
    },
    buffers: [
      shared.step,
      shared.vectors,
      parts,
      sums,
      out.plain ?? shared.unwritten,
      out.groups ?? shared.unwritten,
    ],
    params: [sinks ?? 0],
    workgroups: (rows) => [rows, 1, 1],
    label: "combine",
  };
}

/**
 * Mixture of experts: the router's choice, and products in which every token has matrices of its own. A few rows
 * stream the experts that they use; many are sorted by expert first, and each expert's weights read once a tile.
 */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import { type BufferRange, type Dispatch, float32Word } from "../device/dispatch.ts";
import type { KernelFeatures } from "../device/features.ts";
import { assertChoosable, choiceConstants, choiceParts, type Choosing } from "./expert_choice.ts";
import { type ExpertTiles, gemm, mostTiles } from "./gemm.ts";
import { gemv } from "./gemv.ts";
import { fewRows, type Matmul } from "./matmul.ts";
import routeTemplate from "./moe_route.wgsl" with { type: "text" };
import sortTemplate from "./moe_sort.wgsl" with { type: "text" };
import sumTemplate from "./moe_sum.wgsl" with { type: "text" };
import { specialise } from "./specialise.ts";

export interface Route extends Choosing {
  /** vec2<u32> [T, slots]: 8 bytes each. */
  route: BufferRange;
  slots: number;
  step: BufferRange;
  countWord: number;
  label?: string;
}

const routeThreads = 64;

/** Chooses the experts of each token. @throws {SkiffError} "unsupported" for more than 1,024 experts. */
export function routeExperts(request: Route): Dispatch {
  const { experts, slots, gating } = request;
  assertChoosable(slots, experts);
  const constants = { ...choiceConstants(request), SLOTS: slots, WG: routeThreads };
  return {
    kernel: {
      name: `moe_route ${gating} ${slots}/${experts}`,
      code: specialise(routeTemplate, constants, choiceParts),
      access: ["uniform", "read", "write"],
    },
    buffers: [request.step, request.logits, request.route],
    params: [request.countWord, float32Word(request.scale ?? 1)],
    workgroups: (rows) => [rows, 1, 1],
    label: request.label,
  };
}

/** Where a plan for many rows keeps its work list; one for all layers. */
export interface ExpertScratch {
  /** `tilesBytes(maxRows, slots, experts)` */
  tiles: BufferRange;
  /** u32 [maxRows * slots] */
  sorted: BufferRange;
  /** f32 [maxRows * slots, N]: what the experts give before it is added up. */
  pairs: BufferRange;
}

export function tilesBytes(maxRows: number, slots: number, experts: number): number {
  return 16 * mostTiles(maxRows, slots, experts);
}

export interface ExpertMatmul extends Matmul {
  route: BufferRange;
  slots: number;
  /** Needed where `sortsByExpert` holds. */
  scratch?: ExpertScratch;
}

/** Whether a plan of so many rows sorts tokens by expert and needs a scratch. */
export function sortsByExpert(features: KernelFeatures, maxRows: number): boolean {
  return !features.software && maxRows > fewRows;
}

/**
 * Gate and up of each token's experts: x has a row a token, y a row a pair of token and slot. Where the route is not
 * there yet, the experts are chosen by their router's logits and the route is left for `sumOfExperts`; GPUs do that
 * for a few tokens in the same dispatch.
 */
export function gatedExperts(
  features: KernelFeatures,
  request: ExpertMatmul,
  { routed, ...choosing }: Choosing & { routed: boolean },
): Dispatch[] {
  const { route, slots, step, countWord } = request;
  const sums = false;
  assertChoosable(slots, choosing.experts);
  if (!routed && !features.software && request.maxRows <= fewRows) {
    return gemv(features, request, { route, slots, sums, choosing });
  }
  const choice = routed ? [] : [routeExperts({ ...choosing, route, slots, step, countWord, label: "route" })];
  if (!sortsByExpert(features, request.maxRows)) {
    return [...choice, ...gemv(features, request, { route, slots, sums })];
  }
  const { tiles, sorted } = scratchOf(request.scratch);
  return [
    ...choice,
    sortExperts(request, choosing.experts),
    ...gemm(features, request, { tiles, sorted, slots, inputPerPair: false }),
  ];
}

/** Sorts the pairs of a step by expert, for the products of its layer. */
export function sortExperts(request: ExpertMatmul, experts: number): Dispatch {
  const { route, step, countWord, slots, maxRows } = request;
  const { tiles, sorted } = scratchOf(request.scratch);
  return {
    kernel: {
      name: `moe_sort ${slots}/${experts}`,
      code: specialise(sortTemplate, { EXPERTS: experts, SLOTS: slots }),
      access: ["uniform", "read", "write", "write"],
    },
    buffers: [step, route, tiles, sorted],
    params: [countWord, mostTiles(maxRows, slots, experts)],
    workgroups: (rows) => [rows > 0 ? 1 : 0, 1, 1],
    label: "route",
  };
}

/**
 * The down projection: x has a row a pair of token and slot, y a row a token, the sum of its experts' results by
 * their weights in the route. Comes after `gatedExperts`, whose sorting it uses.
 */
export function sumOfExperts(features: KernelFeatures, request: ExpertMatmul): Dispatch[] {
  const { route, slots } = request;
  if (!sortsByExpert(features, request.maxRows)) return gemv(features, request, { route, slots, sums: true });
  const { tiles, sorted, pairs } = scratchOf(request.scratch);
  const work: ExpertTiles = { tiles, sorted, slots, inputPerPair: true };
  const { residual, ...epilogue } = request.epilogue ?? {};
  const { rows } = request.weights;
  return [
    ...gemm(features, { ...request, output: pairs, outputStride: rows, outputColumn: 0, epilogue }, work),
    sumExperts(request, pairs, residual === true),
  ];
}

function sumExperts(request: ExpertMatmul, pairs: BufferRange, residual: boolean): Dispatch {
  const { rows } = request.weights;
  return {
    kernel: {
      name: `moe_sum ${request.slots}`,
      code: specialise(sumTemplate, { SLOTS: request.slots, RESIDUAL: residual }),
      access: ["uniform", "read", "read", "write"],
    },
    buffers: [request.step, request.route, pairs, request.output],
    params: [rows, request.countWord],
    workgroups: (tokens) => [Math.ceil(rows / 64), tokens, 1],
    label: request.label,
  };
}

function scratchOf(scratch?: ExpertScratch): ExpertScratch {
  if (scratch === undefined) {
    throw new SkiffError("internal", "Products of many rows with experts need a scratch");
  }
  return scratch;
}

/**
 * Mixture of experts: the router's choice, and products in which every token has matrices of its own. A few rows
 * stream the experts that they use; many are sorted by expert first, and each expert's weights read once a tile.
 */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import { type BufferRange, type Dispatch, float32Word } from "../device/dispatch.ts";
import type { KernelFeatures } from "../device/features.ts";
import { type ExpertTiles, gemm, mostTiles } from "./gemm.ts";
import { gemv } from "./gemv.ts";
import { fewRows, type Matmul } from "./matmul.ts";
import routeTemplate from "./moe_route.wgsl" with { type: "text" };
import sortTemplate from "./moe_sort.wgsl" with { type: "text" };
import sumTemplate from "./moe_sum.wgsl" with { type: "text" };
import { specialise } from "./specialise.ts";

/** What a chosen expert's weight is made of; see moe_route.wgsl. */
export type Gating = "softmax" | "selected" | "sigmoid";

export interface Route {
  /** f32 [T, experts] */
  logits: BufferRange;
  /** vec2<u32> [T, slots]: 8 bytes each. */
  route: BufferRange;
  experts: number;
  slots: number;
  gating: Gating;
  /** Weights of the chosen experts add up to one (for "softmax" and "sigmoid"). */
  normalise?: boolean;
  scale?: number;
  step: BufferRange;
  countWord: number;
  label?: string;
}

const mostExperts = 1024;

/** Chooses the experts of each token. @throws {SkiffError} "unsupported" for more than 1,024 experts. */
export function routeExperts(request: Route): Dispatch {
  const { experts, slots, gating, normalise = false } = request;
  if (experts > mostExperts || slots > experts) {
    throw new SkiffError("unsupported", `Cannot choose ${slots} of ${experts} experts`, {
      hint: "Use --engine llama for this model.",
    });
  }
  const sum = gating === "selected" || normalise ? "chosen" : gating === "softmax" ? "all" : "none";
  return {
    kernel: {
      name: `moe_route ${gating} ${slots}/${experts}`,
      code: specialise(routeTemplate, { EXPERTS: experts, SLOTS: slots, GATING: gating, SUM: sum }),
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
  /**
   * False (gate and up): x has a row a token, y a row a pair of token and slot. True (down): x has a row a pair,
   * y a row a token: the sum of its experts' results by their weights.
   */
  sums: boolean;
  /** Needed where `maxRows` is above `fewRows`, on hardware. */
  scratch?: ExpertScratch;
}

/** Whether a plan of so many rows sorts tokens by expert and needs a scratch. */
export function sortsByExpert(features: KernelFeatures, maxRows: number): boolean {
  return !features.software && maxRows > fewRows;
}

/**
 * Sorts the pairs of a step by expert, once a layer before its products. Nothing to do (an empty list) where
 * `sortsByExpert` says no.
 */
export function sortExperts(
  features: KernelFeatures,
  { route, step, countWord, slots, experts, maxRows, scratch, label }:
    & Pick<ExpertMatmul, "route" | "step" | "countWord" | "slots" | "maxRows" | "scratch" | "label">
    & { experts: number },
): Dispatch[] {
  if (!sortsByExpert(features, maxRows)) return [];
  const { tiles, sorted } = scratchOf(scratch);
  return [{
    kernel: {
      name: `moe_sort ${slots}/${experts}`,
      code: specialise(sortTemplate, { EXPERTS: experts, SLOTS: slots }),
      access: ["uniform", "read", "write", "write"],
    },
    buffers: [step, route, tiles, sorted],
    params: [countWord, mostTiles(maxRows, slots, experts)],
    workgroups: (rows) => [rows > 0 ? 1 : 0, 1, 1],
    label,
  }];
}

/** The dispatches of a product with each token's experts. */
export function expertMatmul(features: KernelFeatures, request: ExpertMatmul): Dispatch[] {
  const { route, slots, sums } = request;
  if (!sortsByExpert(features, request.maxRows)) return gemv(features, request, { route, slots, sums });
  const { tiles, sorted, pairs } = scratchOf(request.scratch);
  const work: ExpertTiles = { tiles, sorted, slots, inputPerPair: sums };
  if (!sums) return gemm(features, request, work);
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

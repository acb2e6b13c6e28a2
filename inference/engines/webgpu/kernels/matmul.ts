/**
 * Matrix products with weights: y[T, N] = W[N, K] · x[T, K]. Chooses the kernel: for a few rows of x, or on a
 * processor that plays a GPU, the one that reads the weights once for each few rows (gemv); else tiles (gemm).
 */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import type { BufferRange, Dispatch } from "../device/dispatch.ts";
import type { KernelFeatures } from "../device/features.ts";
import type { WeightMatrix, WeightType } from "../weights/weight_matrix.ts";
import { gemm } from "./gemm.ts";
import { gemv, joinedGemv, type JoinedMatrix } from "./gemv.ts";
import { isGrouped } from "./text.ts";

/** How x is stored: plain floats, or int8 with a scale for every 32 (snippets/q8.wgsl). */
export type ActivationKind = "f32" | "q8";

export type Glu = "silu" | "gelu" | "swiglu_oai";

export interface Epilogue {
  /** f32, one value a row of W; in the order of W's rows, all experts. Added before `scale`. */
  bias?: BufferRange;
  /** Factor of the result. */
  scale?: number;
  /** Add to what the output holds. */
  residual?: boolean;
  /** act(row 2i) · row 2i+1; W has its rows in "pairs" order and the output N / 2 columns. */
  glu?: Glu;
  /** Write q8 activations instead of floats; with `glu` only, see `canQuantise`. */
  quantise?: boolean;
}

export interface Matmul {
  weights: WeightMatrix;
  /** x: f32 [T, K] or q8, as `kind` says. */
  input: BufferRange;
  kind: ActivationKind;
  output: BufferRange;
  /** Values of a row of the output (default: the columns that the product has), and where the product begins. */
  outputStride?: number;
  outputColumn?: number;
  /** Uniform vec4<u32>; its word `countWord` is T, the rows of a step. */
  step: BufferRange;
  countWord: number;
  /** T is never more than this in the plan that this goes into. */
  maxRows: number;
  epilogue?: Epilogue;
  label?: string;
}

/** Rows of x up to which the weights are streamed once; above it tiles pay. */
export const fewRows = 8;

/** The kind of activations that a type of weights is multiplied with on a device. */
export function activationKind(type: WeightType, features: KernelFeatures): ActivationKind {
  return (features.dp4a || features.software) && isGrouped(type) ? "q8" : "f32";
}

/** Whether the gated product of this matrix can leave as q8: every block of 64 rows lies in one part. */
export function canQuantise({ rows, order, parts, experts }: WeightMatrix): boolean {
  return order === "pairs" && rows % 64 === 0 && (experts > 1 || parts.every((part) => part.rows % 64 === 0));
}

/** The dispatches of one product, one for each part of the matrix. @throws {SkiffError} "internal" for a misuse. */
export function matmul(features: KernelFeatures, request: Matmul): Dispatch[] {
  assertFits(request);
  const few = features.software || request.maxRows <= fewRows;
  return few ? gemv(features, request) : gemm(features, request);
}

/** Whether `joinedMatmul` takes these two: whole, alike in their columns and in the activations that they want. */
export function canJoin(
  features: KernelFeatures,
  maxRows: number,
  first: WeightMatrix,
  second: WeightMatrix,
): boolean {
  const whole = ({ parts, experts, order }: WeightMatrix) =>
    parts.length === 1 && experts === 1 && order === "plain";
  return (features.software || maxRows <= fewRows) && whole(first) && whole(second) &&
    first.columns === second.columns &&
    activationKind(first.type, features) === activationKind(second.type, features);
}

/**
 * x times two matrices of different types in one dispatch, for which `canJoin` holds; see `joinedGemv`. An epilogue
 * with `glu` goes with "pairs".
 */
export function joinedMatmul(features: KernelFeatures, request: Matmul, joined: JoinedMatrix): Dispatch[] {
  const { weights, epilogue = {} } = request;
  const pairs = joined.how === "pairs";
  const asPairs = (one: WeightMatrix): WeightMatrix => pairs ? { ...one, order: "pairs" } : one;
  const whole = { ...weights, rows: weights.rows * (pairs ? 2 : 1) };
  const parts = [{ ...weights.parts[0], rows: whole.rows }];
  assertFits({ ...request, weights: asPairs({ ...whole, parts }), epilogue });
  return [joinedGemv(features, request, joined)];
}

function assertFits({ weights, kind, epilogue = {} }: Matmul): void {
  const refuse = (reason: string) => {
    throw new SkiffError("internal", `Cannot multiply with a matrix of ${weights.type}: ${reason}`);
  };
  if (kind === "q8" && !isGrouped(weights.type)) refuse("its activations are floats");
  if (weights.columns % 4 !== 0) refuse(`${weights.columns} columns are not a multiple of 4`);
  if ((epilogue.glu !== undefined) !== (weights.order === "pairs")) refuse("gate and up come in pairs");
  if (epilogue.quantise && !(epilogue.glu && canQuantise(weights))) {
    refuse("its result cannot be quantised in place");
  }
}

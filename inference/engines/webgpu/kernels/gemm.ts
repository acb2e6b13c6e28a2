/** Products with many rows of x, in tiles: gemm.wgsl. */
import { type Dispatch, foldWorkgroups, type KernelCode } from "../device/dispatch.ts";
import type { KernelFeatures } from "../device/features.ts";
import type { BufferRange } from "../device/dispatch.ts";
import template from "./gemm.wgsl" with { type: "text" };
import type { Matmul } from "./matmul.ts";
import { partBuffers, partParams } from "./product_part.ts";
import { specialise } from "./specialise.ts";
import { isGrouped, weightConstants, weightParts } from "./text.ts";

/** Rows of W, and of x, in a tile. */
export const tileRows = 64;

/** The work of each expert, as moe_sort.wgsl lays it out. */
export interface ExpertTiles {
  tiles: BufferRange;
  sorted: BufferRange;
  slots: number;
  /** Whether x has a row for each pair of token and slot (down), or one for each token (gate and up). */
  inputPerPair: boolean;
}

/** Tiles that `rows` tokens can need at most: the last one of each expert may be almost empty. */
export function mostTiles(rows: number, slots: number, experts: number): number {
  const pairs = rows * slots;
  return Math.floor(pairs / tileRows) + Math.min(experts, pairs);
}

/** The dispatches of a product; each part of the matrix is one. */
export function gemm(_features: KernelFeatures, request: Matmul, work?: ExpertTiles): Dispatch[] {
  const { weights } = request;
  const kernel = gemmKernel(request, work);
  const grouped = weights.experts > 1;
  return weights.parts.map((part) => {
    const perExpert = grouped ? weights.rows : part.rows;
    return {
      kernel,
      buffers: [...partBuffers(request, part), ...(work ? [work.tiles, work.sorted] : [])],
      params: partParams(request, part, {
        countFactor: 1,
        inputDivisor: work && !work.inputPerPair ? work.slots : 1,
      }),
      workgroups: (rows) => {
        const [x, y] = foldWorkgroups(Math.ceil(perExpert / tileRows));
        const z = work ? mostTiles(rows, work.slots, weights.experts) : Math.ceil(rows / tileRows);
        return [x, y, z];
      },
      label: request.label,
    };
  });
}

const kernels = new Map<string, KernelCode>();

function gemmKernel({ weights, kind, epilogue = {} }: Matmul, work?: ExpertTiles): KernelCode {
  const biased = epilogue.bias ? 1 : 0;
  const constants = {
    ...weightConstants(weights.type, kind === "f32"),
    TAIL: !isGrouped(weights.type) && weights.columns % 32 !== 0,
    Q8: kind === "q8",
    BIAS: biased ? 6 : 0,
    EXPERTS: work ? 6 + biased : 0,
    SORTED: work ? 7 + biased : 0,
    RESIDUAL: epilogue.residual === true,
    GLU: epilogue.glu ?? "",
    QUANTISE: epilogue.quantise === true,
    SWIZZLE: epilogue.glu ? 1 : 0,
  };
  const key = JSON.stringify([weights.type, constants]);
  let kernel = kernels.get(key);
  if (kernel === undefined) {
    // Row i of a thread: gate and up side by side, or lanes side by side.
    const row = epilogue.glu ? "2u * lx + $(i)u % 2u + 32u * ($(i)u / 2u)" : "lx + $(i * 16)u";
    kernel = {
      name: `gemm ${weights.type} ${kind}${epilogue.glu ? ` ${epilogue.glu}` : ""}${work ? " experts" : ""}`,
      code: specialise(template.replaceAll("$ROW", row), constants, weightParts(weights.type)),
      access: [
        "uniform",
        "read",
        "read",
        "read",
        "write",
        ...(biased ? ["read" as const] : []),
        ...(work ? ["read" as const, "read" as const] : []),
      ],
    };
    kernels.set(key, kernel);
  }
  return kernel;
}

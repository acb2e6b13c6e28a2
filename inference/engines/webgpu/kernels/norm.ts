/** RMS norm of the residual stream, with what is still to be added to it (norm.wgsl). */
import { type BufferRange, type Dispatch, float32Word } from "../device/dispatch.ts";
import source from "./norm.wgsl" with { type: "text" };
import type { Activations, PassBuffers } from "./pass_buffers.ts";
import { specialise } from "./specialise.ts";
import { wgslParts } from "./wgsl_parts.ts";

export interface NormShape {
  /** E, a multiple of 32. */
  width: number;
  epsilon: number;
  /** Offset of the norm's weight in the vectors, in floats; offsets are multiples of 4. */
  weight: number;
  /** Only the wanted rows are normed, and written one after another. */
  gather: boolean;
  /** Word of `batch` at which the wanted rows stand. */
  wanted: number;
  add?: {
    /** Experts a token, whose branches are summed; 0 = the branch is one row a token. */
    used: number;
    scale: number;
    /** Offsets in the vectors: the norm of the branch, its bias. */
    post?: number;
    bias?: number;
  };
}

export interface NormOperands {
  stream: BufferRange;
  branch?: BufferRange;
  route?: BufferRange;
  out: Activations;
}

/** `rows` of a step are the tokens, or the wanted ones with `gather`. */
export function norm(shape: NormShape, operands: NormOperands, shared: PassBuffers): Dispatch[] {
  const { width, epsilon, weight, gather, wanted, add } = shape;
  const { stream, branch, route, out } = operands;
  const constants = {
    WIDTH: width,
    THREADS: width > 2048 ? 128 : width > 1024 ? 64 : 32,
    ADD: add === undefined ? 0 : add.used > 0 ? 2 : 1,
    USED: add?.used ?? 0,
    BIAS: add?.bias !== undefined,
    POST: add?.post !== undefined,
    GATHER: gather,
    PLAIN: out.plain !== undefined,
    GROUPS: out.groups !== undefined,
  };
  return [{
    kernel: {
      name: `norm ${width}`,
      code: specialise(source, constants, wgslParts),
      access: ["read", "read", "write", "read", "read", "write", "write"],
    },
    buffers: [
      shared.batch,
      shared.vectors,
      stream,
      branch ?? shared.unread,
      route ?? shared.unread,
      out.plain ?? shared.unwritten,
      out.groups ?? shared.unwritten,
    ],
    params: [
      weight / 4,
      (add?.post ?? 0) / 4,
      (add?.bias ?? 0) / 4,
      float32Word(add?.scale ?? 1),
      float32Word(epsilon),
      wanted,
    ],
    workgroups: (rows) => [rows, 1, 1],
    label: "norm",
  }];
}

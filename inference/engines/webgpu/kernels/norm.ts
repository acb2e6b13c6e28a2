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
  /** scale · norm(branch) is added first; `post` is that norm's weight. */
  add?: { scale: number; post: number };
}

export interface NormOperands {
  stream: BufferRange;
  branch?: BufferRange;
  out: Activations;
}

/** `rows` of a step are the tokens, or the wanted ones with `gather`. */
export function norm(shape: NormShape, operands: NormOperands, shared: PassBuffers): Dispatch[] {
  const { width, epsilon, weight, gather, wanted, add } = shape;
  const { stream, branch, out } = operands;
  const constants = {
    WIDTH: width,
    THREADS: width > 2048 ? 128 : width > 1024 ? 64 : 32,
    ADD: add !== undefined,
    GATHER: gather,
    PLAIN: out.plain !== undefined,
    GROUPS: out.groups !== undefined,
  };
  return [{
    kernel: {
      name: `norm ${width}`,
      code: specialise(source, constants, wgslParts),
      access: ["read", "read", "write", "read", "write", "write"],
    },
    buffers: [
      shared.batch,
      shared.vectors,
      stream,
      branch ?? shared.unread,
      out.plain ?? shared.unwritten,
      out.groups ?? shared.unwritten,
    ],
    params: [
      weight / 4,
      (add?.post ?? 0) / 4,
      float32Word(add?.scale ?? 1),
      float32Word(epsilon),
      wanted,
    ],
    workgroups: (rows) => [rows, 1, 1],
    label: "norm",
  }];
}

/** The gate of a feed-forward layer (gate.wgsl). */
import { type BufferRange, type Dispatch, foldWorkgroups } from "../device/dispatch.ts";
import source from "./gate.wgsl" with { type: "text" };
import type { Activations, PassBuffers } from "./pass_buffers.ts";
import { specialise } from "./specialise.ts";
import { wgslParts } from "./wgsl_parts.ts";

const kinds = { silu: 0, gelu: 1, swiglu_oai: 2 };

export interface GateShape {
  /** Elements of the result, a multiple of 32. */
  width: number;
  kind: keyof typeof kinds;
  /** Rows a token: the experts that it goes through. */
  perToken: number;
}

export function gate(
  shape: GateShape,
  operands: { gateUp: BufferRange; out: Activations },
  shared: PassBuffers,
): Dispatch[] {
  const { width, kind, perToken } = shape;
  const { gateUp, out } = operands;
  const threads = 64;
  const constants = {
    WIDTH: width,
    KIND: kinds[kind],
    PER_TOKEN: perToken,
    PLAIN: out.plain !== undefined,
    GROUPS: out.groups !== undefined,
    THREADS: threads,
  };
  return [{
    kernel: {
      name: `gate ${kind} ${width}`,
      code: specialise(source, constants, wgslParts),
      access: ["uniform", "read", "write", "write"],
    },
    buffers: [
      shared.step,
      gateUp,
      out.plain ?? shared.unwritten,
      out.groups ?? shared.unwritten,
    ],
    params: [],
    workgroups: (rows) => foldWorkgroups(Math.ceil(rows * perToken * width / 32 / threads)),
    label: "gate",
  }];
}

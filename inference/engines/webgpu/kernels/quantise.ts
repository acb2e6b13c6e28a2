/** Activations to int8, where no kernel before could do it on the way out. */
import type { BufferRange, Dispatch } from "../device/dispatch.ts";
import template from "./quantise.wgsl" with { type: "text" };
import { specialise } from "./specialise.ts";
import { q8Snippet } from "./text.ts";

export interface Quantise {
  /** f32 [T, K], K a multiple of 32. */
  input: BufferRange;
  /** q8 [T, K]: `q8Bytes(T, K)`. */
  output: BufferRange;
  columns: number;
  step: BufferRange;
  countWord: number;
  label?: string;
}

/** Bytes of int8 activations. */
export function q8Bytes(rows: number, columns: number): number {
  return rows * columns / 32 * 80;
}

const code = specialise(template, {}, { q8: q8Snippet });

export function quantise({ input, output, columns, step, countWord, label }: Quantise): Dispatch {
  return {
    kernel: { name: "quantise", code, access: ["uniform", "read", "write"] },
    buffers: [step, input, output],
    params: [columns / 32, countWord],
    workgroups: (rows) => [Math.ceil(columns / 32 / 64), rows, 1],
    label,
  };
}

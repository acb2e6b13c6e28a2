/** The best of each row of logits without reading the rows back: argmax, top-k, chosen values. */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import type { BufferRange, Dispatch } from "../device/dispatch.ts";
import argmaxCode from "./argmax.wgsl" with { type: "text" };
import gatherCode from "./gather.wgsl" with { type: "text" };
import { specialise } from "./specialise.ts";
import topKTemplate from "./top_k.wgsl" with { type: "text" };

interface Rows {
  /** f32 [T, columns] */
  logits: BufferRange;
  columns: number;
  step: BufferRange;
  countWord: number;
  label?: string;
}

/** The largest value of each row. `output`: vec2<u32> [T], column and bits of the value. */
export function argmax(
  { logits, columns, step, countWord, label, output }: Rows & { output: BufferRange },
): Dispatch {
  return {
    kernel: { name: "argmax", code: argmaxCode, access: ["uniform", "read", "write"] },
    buffers: [step, logits, output],
    params: [columns, countWord],
    workgroups: (rows) => [rows, 1, 1],
    label,
  };
}

/** The most that `topK` gives. */
export const largestK = 256;

/** Values that one workgroup selects from in the first of two stages. */
const sliceColumns = 8192;

/** Bytes that `topK` needs between its stages; 0 where one stage does. */
export function topKScratchBytes(rows: number, columns: number, k: number): number {
  return columns > 2 * sliceColumns ? 8 * rows * k * Math.ceil(columns / sliceColumns) : 0;
}

/**
 * The k largest values of each row, largest first, ties to the lower column.
 * `output`: vec2<u32> [T, k], column and bits of the value; column 0xffffffff where the row has fewer.
 * @throws {SkiffError} "internal" for a k above `largestK` or a row of more than 2^22 values.
 */
export function topK(
  { logits, columns, step, countWord, label, output, k, scratch }: Rows & {
    output: BufferRange;
    k: number;
    /** `topKScratchBytes` */
    scratch?: BufferRange;
  },
): Dispatch[] {
  if (k < 1 || k > largestK || columns >= 2 ** 22) {
    throw new SkiffError("internal", `Cannot choose ${k} of ${columns} values on the GPU`);
  }
  const stage = (
    input: BufferRange,
    count: number,
    slice: number,
    to: BufferRange,
    pairs: boolean,
  ): Dispatch => ({
    kernel: topKKernel(k, pairs),
    buffers: [step, input, to],
    params: [count, slice, countWord],
    workgroups: (rows) => [Math.ceil(count / slice), rows, 1],
    label,
  });
  if (topKScratchBytes(1, columns, k) === 0) return [stage(logits, columns, columns, output, false)];
  if (scratch === undefined) {
    throw new SkiffError("internal", `Choosing of ${columns} values needs a scratch`);
  }
  const candidates = k * Math.ceil(columns / sliceColumns);
  return [
    stage(logits, columns, sliceColumns, scratch, false),
    stage(scratch, candidates, candidates, output, true),
  ];
}

function topKKernel(k: number, pairs: boolean): Dispatch["kernel"] {
  const padded = 2 ** Math.ceil(Math.log2(Math.max(2, k)));
  return {
    name: `top_k ${k}${pairs ? " of pairs" : ""}`,
    code: specialise(topKTemplate, { K: k, PADDED: padded, PAIRS: pairs }),
    access: ["uniform", "read", "write"],
  };
}

/** Chosen values of each row. `ids`: u32 [T, count]; `output`: f32 [T, count]. */
export function gatherLogits(
  { logits, columns, step, countWord, label, ids, output, count }: Rows & {
    ids: BufferRange;
    output: BufferRange;
    count: number;
  },
): Dispatch {
  return {
    kernel: { name: "gather", code: gatherCode, access: ["uniform", "read", "read", "write"] },
    buffers: [step, logits, ids, output],
    params: [columns, count, countWord],
    workgroups: (rows) => [Math.ceil(count / 64), rows, 1],
    label,
  };
}

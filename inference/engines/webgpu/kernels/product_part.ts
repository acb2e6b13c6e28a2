/** What gemv.wgsl and gemm.wgsl are told alike of one part of a product's matrix: its buffers and its `Params`. */
import { type BufferRange, float32Word } from "../device/dispatch.ts";
import { groupsOfRow, partLayout } from "../weights/layout.ts";
import type { Matmul } from "./matmul.ts";

type Part = Matmul["weights"]["parts"][number];

/** Buffers in the order of their bindings. Parts begin at rows that are multiples of 64 where a bias is bound by offset. */
export function partBuffers({ weights, step, input, output, epilogue }: Matmul, part: Part): BufferRange[] {
  const bias = partsBias(epilogue?.bias, weights.experts > 1 ? 0 : part.firstRow);
  return [step, part.range, part.range, input, output, ...bias];
}

/** The bias of a part that begins at row `first`, if there is one. */
export function partsBias(bias: BufferRange | undefined, first: number): BufferRange[] {
  return bias ? [{ ...bias, offset: bias.offset + 4 * first, size: bias.size - 4 * first }] : [];
}

/** Words of `Params`. `countFactor`: rows of x for each row of a step; `inputDivisor`: pairs that share a row of x. */
export function partParams(
  { weights, countWord, outputStride, outputColumn = 0, epilogue = {} }: Matmul,
  part: Part,
  { countFactor, inputDivisor }: { countFactor: number; inputDivisor: number },
): number[] {
  const grouped = weights.experts > 1;
  const unit = epilogue.quantise ? 32 : 1;
  const products = epilogue.glu ? 2 : 1;
  const stride = outputStride ?? weights.rows / products;
  const column = outputColumn + (grouped ? 0 : part.firstRow / products);
  return [
    ...partLayout(weights.type, part.rows, weights.columns).planeParams,
    grouped ? weights.rows : part.rows,
    countWord,
    countFactor,
    stride / unit,
    column / unit,
    float32Word(epilogue.scale ?? 1),
    grouped ? part.firstRow / weights.rows : 0,
    grouped ? part.rows / weights.rows : 1,
    inputDivisor,
    groupsOfRow(weights.columns),
    weights.columns / 4,
  ];
}

/**
 * How weights lie on the GPU. GGUF's blocks of 18, 34, 110 … bytes are not aligned for 16-byte loads, and their
 * bits are in an order that suits CPUs. So each part of a matrix is planes one after another (quants, high bits,
 * scales …), row by row in each, and a group of 32 weights has its bits where four int8 fall out of a word with
 * one shift and one mask (kernels/types/*.wgsl). No plane holds more than the file does, save unpacked 6-bit
 * scales of Q3_K (+3.6 %) and IQ4_XS (+1.5 %).
 */
import type { WeightType } from "./weight_matrix.ts";

/** Weights that kernels take at a time. */
export const groupSize = 32;

/** A plane: `bytes` for every `unit` weights of a row. */
export interface Plane {
  unit: 32 | 256;
  bytes: number;
}

const perGroup = (bytes: number): Plane => ({ unit: 32, bytes });
const perBlock = (bytes: number): Plane => ({ unit: 256, bytes });

export const planes: Readonly<Record<WeightType, readonly Plane[]>> = {
  F32: [perGroup(128)],
  F16: [perGroup(64)],
  BF16: [perGroup(64)],
  Q4_0: [perGroup(16), perGroup(2)],
  Q4_1: [perGroup(16), perGroup(4)],
  Q5_0: [perGroup(16), perGroup(4), perGroup(2)],
  Q5_1: [perGroup(16), perGroup(4), perGroup(4)],
  Q8_0: [perGroup(32), perGroup(2)],
  Q2_K: [perGroup(8), perBlock(16), perBlock(4)],
  Q3_K: [perGroup(8), perGroup(4), perBlock(16), perBlock(2)],
  Q4_K: [perGroup(16), perBlock(16)],
  Q5_K: [perGroup(16), perGroup(4), perBlock(16)],
  Q6_K: [perGroup(16), perGroup(8), perBlock(16), perBlock(2)],
  IQ4_NL: [perGroup(16), perGroup(2)],
  IQ4_XS: [perGroup(16), perBlock(8), perBlock(2)],
  MXFP4: [perGroup(16), perGroup(1)],
};

/** Planes whose kernel reads 16 bytes at a time: their offset counts in those, else in words. */
const wordsOfFour: Partial<Record<WeightType, number>> = { Q4_K: 1, Q5_K: 2 };

export interface PlacedPlane {
  /** Bytes from the start of the part; a multiple of 16. */
  offset: number;
  rowBytes: number;
}

export interface PartLayout {
  planes: readonly PlacedPlane[];
  /** Bytes of the part. */
  bytes: number;
  /** Rows that there is room for: `rows`, rounded up to a multiple of 4. */
  paddedRows: number;
  /** Offsets of planes 1, 2, 3 as kernels take them. */
  planeParams: readonly [number, number, number];
}

/** Groups of a row; a row of plain floats that ends within a group is padded with zeros. */
export function groupsOfRow(columns: number): number {
  return Math.ceil(columns / groupSize);
}

/** Where the planes of a part lie. */
export function partLayout(type: WeightType, rows: number, columns: number): PartLayout {
  const paddedRows = Math.ceil(rows / 4) * 4;
  const placed: PlacedPlane[] = [];
  let bytes = 0;
  for (const { unit, bytes: unitBytes } of planes[type]) {
    const rowBytes = unit === groupSize ? groupsOfRow(columns) * unitBytes : columns / unit * unitBytes;
    placed.push({ offset: bytes, rowBytes });
    bytes += Math.ceil(rowBytes * paddedRows / 16) * 16;
  }
  const param = (i: number) => {
    if (placed[i] === undefined) return 0;
    return placed[i].offset / (wordsOfFour[type] === i ? 16 : 4);
  };
  return { planes: placed, bytes, paddedRows, planeParams: [param(1), param(2), param(3)] };
}

/** Bytes that a matrix takes on the GPU, whatever parts it is cut into. */
export function weightBytes(type: WeightType, rows: number, columns: number): number {
  return partLayout(type, rows, columns).bytes;
}

/**
 * Rows of each part of a matrix under a limit on the bytes of a binding. `unitRows` stay together: 64, the rows
 * of a workgroup that quantises and those of a bias that can be bound by offset, or all rows of an expert. Empty when even one unit does not fit.
 */
export function partRows(
  type: WeightType,
  rows: number,
  columns: number,
  bindingBytes: number,
  unitRows = 64,
): number[] {
  const unitBytes = partLayout(type, unitRows, columns).bytes;
  const most = Math.floor(bindingBytes / unitBytes) * unitRows;
  if (most === 0) return [];
  // Parts of about equal size, so that none is a sliver.
  const count = Math.ceil(rows / most);
  const each = Math.ceil(rows / count / unitRows) * unitRows;
  const parts: number[] = [];
  for (let left = rows; left > 0; left -= each) parts.push(Math.min(left, each));
  return parts;
}

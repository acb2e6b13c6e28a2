/**
 * A weight matrix on the GPU: W [rows, columns], quantised, repacked from GGUF's blocks into planes (layout.ts).
 * A matrix larger than a storage binding is cut into parts, each a range of rows with planes of its own.
 */
import type { BufferRange } from "../device/dispatch.ts";

/** The types that kernels read. */
export const weightTypes = [
  "F32",
  "F16",
  "BF16",
  "Q4_0",
  "Q4_1",
  "Q5_0",
  "Q5_1",
  "Q8_0",
  "Q2_K",
  "Q3_K",
  "Q4_K",
  "Q5_K",
  "Q6_K",
  "IQ4_NL",
  "IQ4_XS",
  "MXFP4",
] as const;

export type WeightType = typeof weightTypes[number];

export function isWeightType(name: string): name is WeightType {
  return (weightTypes as readonly string[]).includes(name);
}

export interface WeightPart {
  range: BufferRange;
  firstRow: number;
  /** A multiple of 4 but for the last part; planes are padded to one. */
  rows: number;
}

export interface WeightMatrix {
  type: WeightType;
  rows: number;
  columns: number;
  /**
   * "pairs": row 2i is row i of the gate and row 2i+1 row i of the up projection, so that one thread holds both
   * and multiplies them. Written so when loading.
   */
  order: "plain" | "pairs";
  /**
   * Mixture of experts: matrices one after another, `rows` in each; parts hold whole experts then and their
   * `firstRow` counts over all of them. Else 1.
   */
  experts: number;
  parts: readonly WeightPart[];
}

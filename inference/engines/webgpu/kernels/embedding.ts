/** Embeddings of tokens: rows of a quantised table. */
import { type BufferRange, type Dispatch, float32Word, type KernelCode } from "../device/dispatch.ts";
import { groupsOfRow, partLayout } from "../weights/layout.ts";
import type { WeightMatrix } from "../weights/weight_matrix.ts";
import template from "./embedding.wgsl" with { type: "text" };
import { specialise } from "./specialise.ts";
import { weightConstants, weightParts } from "./text.ts";

export interface Embedding {
  /** [vocabulary, K] */
  weights: WeightMatrix;
  /** u32 [T]; ids at or above the vocabulary leave their row as it is. */
  ids: BufferRange;
  /** f32 [T, K] */
  output: BufferRange;
  step: BufferRange;
  countWord: number;
  /** Factor of every value (gemma: √K). */
  scale?: number;
  label?: string;
}

/** The dispatches: one for each part of the table, each of which writes the rows that it has. */
export function embedding(
  { weights, ids, output, step, countWord, scale = 1, label }: Embedding,
): Dispatch[] {
  const kernel = embeddingKernel(weights);
  return weights.parts.map((part) => ({
    kernel,
    buffers: [step, part.range, part.range, ids, output],
    params: [
      ...partLayout(weights.type, part.rows, weights.columns).planeParams,
      part.firstRow,
      part.rows,
      countWord,
      float32Word(scale),
      groupsOfRow(weights.columns),
      weights.columns / 4,
    ],
    workgroups: (rows) => [Math.ceil(groupsOfRow(weights.columns) / 64), rows, 1],
    label,
  }));
}

function embeddingKernel({ type, columns }: WeightMatrix): KernelCode {
  const constants = {
    ...weightConstants(type, true),
    TAIL: columns % 32 !== 0,
  };
  return {
    name: `embedding ${type}`,
    code: specialise(template, constants, weightParts(type)),
    access: ["uniform", "read", "read", "read", "write"],
  };
}

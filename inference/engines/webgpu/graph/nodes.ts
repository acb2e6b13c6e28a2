/**
 * A forward pass as plain data: what `Graph` writes down and `plan.ts` turns into dispatches. Nothing here
 * knows a GPU.
 *
 * Letters: T tokens of a micro-batch, E width, H heads, D head size, N rows and K columns of a matrix.
 */
import type { GgufTensor } from "../../../gguf/mod.ts";
import type { Rope } from "./rope.ts";

/** Numbers that kernels read beside matrices: norm weights, biases, sinks. [length] or [experts, length]. */
export interface Vector {
  tensor: GgufTensor;
  length: number;
}

/** A weight matrix, [N, K] or [experts, N, K]. */
export interface Matrix {
  tensor: GgufTensor;
  rows: number;
  columns: number;
  experts: number;
  bias?: Vector;
}

/**
 * A tensor of activations, [T · perToken, width]. Values of one pass have distinct ids. `wanted` values have
 * rows only for the tokens whose logits are wanted.
 */
export interface Value {
  id: number;
  width: number;
  perToken: number;
  wanted: boolean;
  /** What whoever reads the value has to add to it, by range of columns: biases cost no pass of their own. */
  biases: { vector: Vector; column: number }[];
}

/** The residual stream [T, E], and what is to be added to it when it is read next. */
export interface Stream {
  value: Value;
  pending?: PendingAdd;
}

/** stream += scale · norm(branch + bias); a routed branch is the weighted sum of its experts' rows. */
export interface PendingAdd {
  branch: Value;
  norm?: Vector;
  scale: number;
  route?: Value;
}

export type GateKind = "silu" | "gelu" | "swiglu_oai";

/** How experts are weighted: the softmax over all, renormalised over the chosen, or over the chosen alone. */
export type RouteKind = "softmax_then_top" | "top_then_softmax";

export interface AttentionShape {
  heads: number;
  kvHeads: number;
  headSize: number;
  epsilon: number;
}

export interface AttentionNode {
  op: "attention";
  layer: number;
  qkv: Value;
  out: Value;
  shape: AttentionShape;
  /** Undefined where positions are not encoded. */
  rope?: Rope;
  queryNorm?: Vector;
  keyNorm?: Vector;
  /** Factor on q·k. */
  scale: number;
  /** Keys at least so many positions back are not seen; 0 = all are. */
  window: number;
  /** c · tanh(score / c); 0 = none. */
  softcap: number;
  /** A logit for each head that joins the softmax's sum and nothing else. */
  sinks?: Vector;
}

export type Node =
  | { op: "embed"; layer: number; weight: Matrix; scale: number; out: Value }
  | {
    op: "norm";
    layer: number;
    stream: Value;
    add?: PendingAdd;
    weight: Vector;
    epsilon: number;
    out: Value;
  }
  | { op: "matmul"; layer: number; x: Value; parts: Matrix[]; out: Value }
  | AttentionNode
  | { op: "gate"; layer: number; kind: GateKind; gateUp: Value; route?: Value; out: Value }
  | { op: "route"; layer: number; kind: RouteKind; logits: Value; used: number; scale: number; out: Value }
  | { op: "experts"; layer: number; x: Value; route: Value; parts: Matrix[]; out: Value }
  | { op: "logits"; layer: number; x: Value; weight: Matrix; scale: number; softcap: number; out: Value };

/** A whole pass. `layer` of its nodes: 0 … layers-1; -1 before, `layers` after. */
export interface ForwardPass {
  nodes: Node[];
  width: number;
  layers: number;
  vocabularySize: number;
  /** Every matrix and vector that is used, once. */
  matrices: Matrix[];
  vectors: Vector[];
  attentions: AttentionNode[];
}

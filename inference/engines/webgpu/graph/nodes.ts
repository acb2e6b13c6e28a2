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
  /** Elements of the whole tensor. */
  elements: number;
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
}

/** The residual stream [T, E], and what is to be added to it by the norm that reads it next. */
export interface Stream {
  value: Value;
  pending?: PendingAdd;
}

/** stream += scale · norm(branch). */
export interface PendingAdd {
  branch: Value;
  norm: Vector;
  scale: number;
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

export interface MatmulNode {
  op: "matmul";
  layer: number;
  x: Value;
  /** Their rows stand side by side in the result. */
  parts: Matrix[];
  out: Value;
  /** The result, times this, is added to what `out`, the stream, holds. */
  residual?: number;
}

/** Which experts each token goes to, and how much each counts: [T, 2 · used] pairs of expert and weight. */
export interface RouteChoice {
  kind: RouteKind;
  /** The router's, [T, experts]. */
  logits: Value;
  used: number;
  /** Factor on the weights. */
  scale: number;
  out: Value;
}

export interface ExpertsNode {
  op: "experts";
  layer: number;
  /** [T · used, hidden]. */
  x: Value;
  route: Value;
  down: Matrix;
  out: Value;
  residual?: number;
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
    /** The router that the result is multiplied with at once, for the experts that come next. */
    router?: { weight: Matrix; route: RouteChoice };
    out: Value;
  }
  | MatmulNode
  | AttentionNode
  /** act(gate · x) · (up · x), both of them in `gate` where there is no `up`; for the experts that it chooses if so. */
  | {
    op: "gated";
    layer: number;
    kind: GateKind;
    x: Value;
    gate: Matrix;
    up?: Matrix;
    route?: RouteChoice;
    out: Value;
  }
  | ExpertsNode
  | { op: "logits"; layer: number; x: Value; weight: Matrix; scale: number; softcap: number; out: Value };

export type NormNode = Node & { op: "norm" };

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

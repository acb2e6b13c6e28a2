/**
 * Decides, as data, how a forward pass is laid out: which tensors become one matrix on the GPU, in which forms
 * activations are written, which of them share memory. Knows types and sizes, and no GPU.
 */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import type { GgufTensor } from "../../../gguf/mod.ts";
import type { ActivationKind } from "../kernels/matmul.ts";
import { q8Bytes } from "../kernels/quantise.ts";
import type { WeightType } from "../weights/weight_matrix.ts";
import type { ForwardPass, Matrix, Node, Value, Vector } from "./nodes.ts";

/** Rows of a tensor; where it has experts, those of all of them. */
export interface TensorRows {
  tensor: GgufTensor;
  from: number;
  rows: number;
}

/** A matrix of the GPU: one tensor, or several of one type, stacked or with their rows in turn. */
export interface PlannedMatrix {
  name: string;
  type: WeightType;
  /** Of each expert. */
  rows: number;
  columns: number;
  experts: number;
  /** "plain": the sources' rows one after another. "pairs": those of two sources, gate and up, in turn. */
  order: "plain" | "pairs";
  sources: TensorRows[];
  bias?: PlannedVector;
}

/** Floats that stand together, as matrices want their biases. */
export interface PlannedVector {
  /** Offset among all vectors, in floats; a multiple of `vectorAlignment`. */
  offset: number;
  length: number;
  /** Element i of `from … from + count` goes to `first + i * stride`. */
  sources: { vector: Vector; from: number; count: number; first: number; stride: 1 | 2 }[];
}

/** Floats; 256 bytes, what a binding's offset is a multiple of. */
export const vectorAlignment = 64;

/** Memory that values take turns in; `bytes` a row of the pass. */
export interface Slot {
  bytes: number;
  /** Rows only for wanted tokens. */
  wanted: boolean;
}

/** Where a value lies: as floats, as int8, or both. Numbers of slots. */
export interface Placement {
  plain?: number;
  groups?: number;
}

export interface PassPlan {
  pass: ForwardPass;
  /** The matrices of each node, in the order of its parts. */
  matrices: Map<Node, PlannedMatrix[]>;
  /** Each once: tied embeddings are one matrix. */
  uploads: PlannedMatrix[];
  vectors: PlannedVector[];
  vectorOf: Map<Vector, PlannedVector>;
  vectorFloats: number;
  placements: Map<number, Placement>;
  slots: Slot[];
}

/** `kindOf` = what activations a type of weights is multiplied with. */
export function planPass(pass: ForwardPass, kindOf: (type: WeightType) => ActivationKind): PassPlan {
  const weights = new WeightPlanner();
  const matrices = new Map(pass.nodes.map((node) => [node, weights.matricesOf(node)]));
  const vectorOf = new Map(pass.vectors.map((vector) => [vector, weights.plainVector(vector)]));
  const forms = valueForms(pass.nodes, (node) => matrices.get(node)!.map(({ type }) => kindOf(type)));
  return {
    pass,
    matrices,
    uploads: weights.uploads,
    vectors: weights.vectors,
    vectorOf,
    vectorFloats: weights.vectorFloats,
    ...placeValues(pass.nodes, forms),
  };
}

/** Groups tensors into matrices and vectors, each named tensor once. */
class WeightPlanner {
  readonly uploads: PlannedMatrix[] = [];
  readonly vectors: PlannedVector[] = [];
  vectorFloats = 0;
  readonly #known = new Map<string, PlannedMatrix>();

  matricesOf(node: Node): PlannedMatrix[] {
    if (node.op === "embed" || node.op === "logits") return [this.#stacked([node.weight])];
    if (node.op === "experts") return [this.#stacked([node.down])];
    if (node.op === "norm") return node.router ? [this.#stacked([node.router.weight])] : [];
    if (node.op === "matmul") return sameTypes(node.parts).map((parts) => this.#stacked(parts));
    if (node.op !== "gated") return [];
    const { gate, up = gate } = node;
    if (gate.tensor.type === up.tensor.type) return [this.#paired(gate, up)];
    if (node.route) {
      throw new SkiffError("unsupported", `${gate.tensor.name} and its up projection are of different types`);
    }
    return [this.#stacked([gate]), this.#stacked([up])];
  }

  plainVector(vector: Vector): PlannedVector {
    return this.#vector(vector.elements, [
      { vector, from: 0, count: vector.elements, first: 0, stride: 1 },
    ]);
  }

  #vector(length: number, sources: PlannedVector["sources"]): PlannedVector {
    const planned = { offset: this.vectorFloats, length, sources };
    this.vectorFloats += Math.ceil(length / vectorAlignment) * vectorAlignment;
    this.vectors.push(planned);
    return planned;
  }

  /** Matrices one below the other. */
  #stacked(parts: Matrix[]): PlannedMatrix {
    return this.#once(parts, "plain", () => {
      const biases: PlannedVector["sources"] = [];
      const sources = parts.map(({ tensor, rows, experts }) => ({ tensor, from: 0, rows: rows * experts }));
      let rows = 0;
      for (const { rows: own, experts, bias } of parts) {
        if (bias) biases.push({ vector: bias, from: 0, count: own * experts, first: rows, stride: 1 });
        rows += own;
      }
      return { rows, sources, biases };
    });
  }

  /** Rows of gate and up in turn; of one tensor, its first and second half. */
  #paired(gate: Matrix, up: Matrix): PlannedMatrix {
    const half = gate === up;
    const width = half ? gate.rows / 2 : gate.rows;
    return this.#once(half ? [gate] : [gate, up], "pairs", () => {
      const biases: PlannedVector["sources"] = [];
      const count = width * gate.experts;
      const sources = [gate, up].map(({ tensor, bias }, i) => {
        const from = half ? i * width : 0;
        if (bias) biases.push({ vector: bias, from, count, first: i, stride: 2 });
        return { tensor, from, rows: count };
      });
      return { rows: 2 * width, sources, biases };
    });
  }

  #once(
    parts: Matrix[],
    order: "plain" | "pairs",
    make: () => { rows: number; sources: TensorRows[]; biases: PlannedVector["sources"] },
  ): PlannedMatrix {
    const name = parts.map(({ tensor }) => tensor.name.replace(/\.weight$/, "")).join(" + ");
    const known = this.#known.get(name);
    if (known) return known;
    const [{ tensor, columns, experts }] = parts;
    const { rows, sources, biases } = make();
    const bias = biases.length > 0 ? this.#vector(rows * experts, biases) : undefined;
    const type = tensor.type.name as WeightType;
    const planned = { name, type, rows, columns, experts, order, sources, bias };
    this.#known.set(name, planned);
    this.uploads.push(planned);
    return planned;
  }
}

/** Runs of matrices that can be one. */
function sameTypes(parts: Matrix[]): Matrix[][] {
  const runs: Matrix[][] = [];
  for (const part of parts) {
    const last = runs.at(-1);
    if (last && last[0].tensor.type === part.tensor.type) last.push(part);
    else runs.push([part]);
  }
  return runs;
}

interface Forms {
  plain: boolean;
  groups: boolean;
}

/** What each value is wanted as, by those who read it. */
function valueForms(nodes: Node[], kindsOf: (node: Node) => ActivationKind[]): Map<number, Forms> {
  const forms = new Map<number, Forms>();
  const want = (value: Value, kind: ActivationKind) => {
    const known = forms.get(value.id) ?? { plain: false, groups: false };
    forms.set(value.id, { plain: known.plain || kind === "f32", groups: known.groups || kind === "q8" });
  };
  for (const node of nodes) {
    const kinds = kindsOf(node);
    if (node.op === "norm") {
      if (node.add) want(node.add.branch, "f32");
      // many rows go through the router in a product of their own
      kinds.forEach((kind) => want(node.out, kind));
    } else if (node.op === "attention") want(node.qkv, "f32");
    else if ("x" in node) kinds.forEach((kind) => want(node.x, kind));
  }
  return forms;
}

/** Values that are read before others are written lend them their memory; the stream and routes keep theirs. */
function placeValues(nodes: Node[], forms: Map<number, Forms>): Pick<PassPlan, "placements" | "slots"> {
  const lastRead = new Map<number, number>();
  nodes.forEach((node, i) => readBy(node).forEach((value) => lastRead.set(value.id, i)));
  const slots: Slot[] = [];
  const free: number[] = [];
  const placements = new Map<number, Placement>();
  const take = (bytes: number, wanted: boolean) => {
    const found = free.findIndex((slot) => slots[slot].bytes === bytes && slots[slot].wanted === wanted);
    if (found >= 0) return free.splice(found, 1)[0];
    return slots.push({ bytes, wanted }) - 1;
  };
  const live = new Map<number, Placement>();
  nodes.forEach((node, i) => {
    for (const out of writtenBy(node)) {
      if (placements.has(out.id)) continue;
      const elements = out.perToken * out.width;
      const { plain, groups } = forms.get(out.id) ?? { plain: true, groups: false };
      const placement = {
        plain: plain || node.op === "embed" ? take(elements * 4, out.wanted) : undefined,
        groups: groups ? take(q8Bytes(out.perToken, out.width), out.wanted) : undefined,
      };
      placements.set(out.id, placement);
      live.set(out.id, placement);
    }
    for (const [id, { plain, groups }] of live) {
      if ((lastRead.get(id) ?? i) > i) continue;
      live.delete(id);
      for (const slot of [plain, groups]) if (slot !== undefined) free.push(slot);
    }
  });
  return { placements, slots };
}

/** Values that a node writes; all of them lie apart from what it reads. */
function writtenBy(node: Node): Value[] {
  if (node.op === "norm" && node.router) return [node.out, node.router.route.logits, node.router.route.out];
  if (node.op === "gated" && node.route) return [node.route.out, node.out];
  return [node.out];
}

/** Values that a node reads, the stream that it adds to among them. */
function readBy(node: Node): Value[] {
  switch (node.op) {
    case "embed":
      return [];
    case "norm":
      return node.add ? [node.stream, node.add.branch] : [node.stream];
    case "attention":
      return [node.qkv];
    case "gated":
      return node.route ? [node.x, node.route.logits] : [node.x];
    case "experts":
      return [node.x, node.route, node.out];
    case "matmul":
      return node.residual === undefined ? [node.x] : [node.x, node.out];
    case "logits":
      return [node.x];
  }
}

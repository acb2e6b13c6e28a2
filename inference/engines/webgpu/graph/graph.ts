/**
 * Writes down a forward pass: the operations that architectures are written in. Binds weights by name, checks
 * every shape, and computes nothing. An addition to the residual stream waits for the norm that reads it.
 */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import type { Gguf, GgufTensor } from "../../../gguf/mod.ts";
import { isRouterType } from "../kernels/norm_router.ts";
import type {
  AttentionNode,
  AttentionShape,
  ForwardPass,
  GateKind,
  Matrix,
  Node,
  RouteChoice,
  RouteKind,
  Stream,
  Value,
  Vector,
} from "./nodes.ts";

/** What a layer's attention has beside its shape; see `AttentionNode`. */
export type AttentionOptions =
  & Partial<Pick<AttentionNode, "rope" | "queryNorm" | "keyNorm" | "window" | "softcap" | "sinks">>
  & { scale: number };

export interface ExpertLayer {
  router: Matrix;
  gate: Matrix;
  up: Matrix;
  down: Matrix;
  /** Experts a token. */
  used: number;
  routing: RouteKind;
  activation: GateKind;
  /** Factor on the experts' weights. @default 1 */
  scale?: number;
}

/** The weights of one layer, by their names without `blk.N.`. */
export interface LayerWeights {
  matrix(name: string): Matrix;
  vector(name: string): Vector;
}

export class Graph {
  readonly #gguf: Gguf;
  readonly #tensors: ReadonlyMap<string, GgufTensor>;
  readonly #matrixTypes: ReadonlySet<string>;
  readonly #nodes: Node[] = [];
  readonly #matrices = new Map<string, Matrix>();
  readonly #vectors = new Map<string, Vector>();
  readonly #attentions: AttentionNode[] = [];
  #values = 0;
  #layer = -1;
  #width = 0;
  #vocabularySize = 0;

  /** Positions that a sequence will be able to hold. */
  readonly contextTokens: number;

  /** `matrixTypes` = the tensor types that matrices may have. */
  constructor(gguf: Gguf, matrixTypes: ReadonlySet<string>, contextTokens: number) {
    this.contextTokens = contextTokens;
    this.#gguf = gguf;
    this.#tensors = new Map(gguf.tensors.map((tensor) => [tensor.name, tensor]));
    this.#matrixTypes = matrixTypes;
  }

  has(name: string): boolean {
    return this.#tensors.has(`${name}.weight`);
  }

  /** The matrix of that name with its bias, if it has one. */
  matrix(name: string): Matrix {
    const known = this.#matrices.get(name);
    if (known) return known;
    const tensor = this.#find(`${name}.weight`);
    const [columns, rows = 1, experts = 1] = tensor.shape;
    if (!this.#matrixTypes.has(tensor.type.name)) {
      throw new SkiffError(
        "unsupported",
        `Tensor ${tensor.name} is ${tensor.type.name}, which has no kernel`,
      );
    }
    if (columns % 32 !== 0) this.#misshapen(tensor, "rows of a multiple of 32");
    const bias = this.#tensors.has(`${name}.bias`) ? this.#vectorOf(`${name}.bias`) : undefined;
    if (bias && bias.length !== rows) this.#misshapen(bias.tensor, `${rows} elements`);
    const matrix = { tensor, rows, columns, experts, bias };
    this.#matrices.set(name, matrix);
    return matrix;
  }

  /** The vector `<name>.weight`. */
  vector(name: string): Vector {
    return this.#vectorOf(`${name}.weight`);
  }

  /** Begins layer i. */
  layer(i: number): LayerWeights {
    this.#layer = i;
    return {
      matrix: (name) => this.matrix(`blk.${i}.${name}`),
      vector: (name) => this.vector(`blk.${i}.${name}`),
    };
  }

  /** Rows of the embedding matrix, times `scale`. */
  embed(weight: Matrix, scale = 1): Stream {
    this.#width = weight.columns;
    this.#vocabularySize = weight.rows;
    const out = this.#value(weight.columns);
    this.#nodes.push({ op: "embed", layer: -1, weight, scale, out });
    return { value: out };
  }

  /** RMS norm: x / √(mean x² + ε) · weight, of the stream with what was added to it. */
  norm(stream: Stream, weight: Vector, epsilon: number): Value {
    const { value, pending } = stream;
    if (weight.length !== value.width) this.#misshapen(weight.tensor, `${value.width} elements`);
    const out = this.#value(value.width);
    this.#nodes.push({ op: "norm", layer: this.#layer, stream: value, add: pending, weight, epsilon, out });
    return out;
  }

  /** x · Wᵀ + bias for each matrix, side by side. */
  linear(x: Value, ...parts: Matrix[]): Value {
    for (const matrix of parts) this.#expectColumns(matrix, x.width);
    const out = this.#value(parts.reduce((sum, { rows }) => sum + rows, 0), x.perToken);
    this.#nodes.push({ op: "matmul", layer: this.#layer, x, parts, out });
    return out;
  }

  /** Causal attention of the queries to all keys and values of their sequence, which it stores. */
  attention(qkv: Value, shape: AttentionShape, options: AttentionOptions): Value {
    const { heads, kvHeads, headSize } = shape;
    const width = (heads + 2 * kvHeads) * headSize;
    if (qkv.width !== width) {
      throw this.#corrupt(
        `layer ${this.#layer} has ${qkv.width} rows of queries, keys and values, not ${width}`,
      );
    }
    if (headSize % 16 !== 0 || headSize > 256) {
      throw new SkiffError("unsupported", `Heads of ${headSize} elements have no attention kernel`);
    }
    if (heads / kvHeads > 32) {
      throw new SkiffError("unsupported", `${heads} heads over ${kvHeads} of keys have no attention kernel`);
    }
    for (const norm of [options.queryNorm, options.keyNorm]) {
      if (norm && norm.length !== headSize) this.#misshapen(norm.tensor, `${headSize} elements`);
    }
    if (options.sinks && options.sinks.length !== heads) {
      this.#misshapen(options.sinks.tensor, `${heads} elements`);
    }
    const out = this.#value(heads * headSize);
    const node: AttentionNode = {
      op: "attention",
      layer: this.#layer,
      qkv,
      out,
      shape,
      ...options,
      window: options.window ?? 0,
      softcap: options.softcap ?? 0,
    };
    this.#nodes.push(node);
    this.#attentions.push(node);
    return out;
  }

  /** activation(gate · x) · (up · x); a single matrix holds the gate's rows, then those of up. */
  gated(kind: GateKind, x: Value, gate: Matrix, up?: Matrix): Value {
    return this.#gated(kind, x, gate, up);
  }

  #gated(kind: GateKind, x: Value, gate: Matrix, up?: Matrix, route?: RouteChoice): Value {
    for (const matrix of up ? [gate, up] : [gate]) this.#expectColumns(matrix, x.width);
    if (up && up.rows !== gate.rows) this.#misshapen(up.tensor, `${gate.rows} rows`);
    const width = up ? gate.rows : gate.rows / 2;
    if (width % 32 !== 0) this.#misshapen(gate.tensor, "a multiple of 32 rows for gate and for up");
    const out = this.#value(width, route?.used ?? x.perToken);
    this.#nodes.push({ op: "gated", layer: this.#layer, kind, x, gate, up, route, out });
    return out;
  }

  /** The stream plus scale · branch, or scale · norm(branch). */
  add(stream: Stream, branch: Value, options: { norm?: Vector; scale?: number } = {}): Stream {
    if (branch.width !== this.#width) {
      throw this.#corrupt(`layer ${this.#layer} gives ${branch.width} elements, not ${this.#width}`);
    }
    const { norm, scale = 1 } = options;
    if (norm) return { value: stream.value, pending: { branch, norm, scale } };
    const node = this.#nodes.at(-1)!;
    if ((node.op !== "matmul" && node.op !== "experts") || node.out !== branch) {
      throw new SkiffError("internal", "Only what was just computed can be added to the stream");
    }
    node.out = stream.value;
    node.residual = scale;
    return stream;
  }

  /** A mixture of experts: each token goes through the experts that its router prefers. */
  experts(x: Value, layer: ExpertLayer): Value {
    const { router, gate, up, down, used, routing, activation, scale = 1 } = layer;
    for (const { tensor, experts } of [gate, up, down]) {
      if (experts !== router.rows) this.#misshapen(tensor, `${router.rows} experts`);
    }
    if (used > router.rows) throw this.#corrupt(`${used} of ${router.rows} experts are to be used`);
    const route = this.#routed(x, router, { kind: routing, used, scale });
    const hidden = this.#gated(activation, x, gate, up, route);
    this.#expectColumns(down, hidden.width);
    const out = this.#value(down.rows);
    this.#nodes.push({ op: "experts", layer: this.#layer, x: hidden, route: route.out, down, out });
    return out;
  }

  /** A choice by the router's logits, which are computed with the norm that gives x if that can be. */
  #routed(x: Value, router: Matrix, how: Pick<RouteChoice, "kind" | "used" | "scale">): RouteChoice {
    const norm = this.#nodes.at(-1)!;
    const out = this.#value(how.used * 2);
    if (norm.op !== "norm" || norm.out !== x || norm.add || !isRouterType(router.tensor.type.name)) {
      return { ...how, logits: this.linear(x, router), out };
    }
    this.#expectColumns(router, x.width);
    const route = { ...how, logits: this.#value(router.rows), out };
    norm.router = { weight: router, route };
    return route;
  }

  #expectColumns({ tensor, columns }: Matrix, width: number): void {
    if (columns !== width) this.#misshapen(tensor, `${width} columns`);
  }

  /** The logits of the wanted tokens: x · Wᵀ · scale, soft-capped. The end of a pass. */
  logits(
    stream: Stream,
    options: { norm: Vector; weight: Matrix; epsilon: number; scale?: number; softcap?: number },
  ): void {
    this.#layer++;
    const x = this.norm(stream, options.norm, options.epsilon);
    x.wanted = true;
    const { weight, scale = 1, softcap = 0 } = options;
    if (weight.columns !== x.width) this.#misshapen(weight.tensor, `${x.width} columns`);
    if (weight.rows !== this.#vocabularySize) this.#misshapen(weight.tensor, `${this.#vocabularySize} rows`);
    const out = { ...this.#value(weight.rows), wanted: true };
    this.#nodes.push({ op: "logits", layer: this.#layer, x, weight, scale, softcap, out });
  }

  /** What was written down. */
  pass(): ForwardPass {
    return {
      nodes: this.#nodes,
      width: this.#width,
      layers: this.#layer,
      vocabularySize: this.#vocabularySize,
      matrices: [...this.#matrices.values()],
      vectors: [...this.#vectors.values()],
      attentions: this.#attentions,
    };
  }

  #value(width: number, perToken = 1): Value {
    return { id: this.#values++, width, perToken, wanted: false };
  }

  #vectorOf(name: string): Vector {
    const known = this.#vectors.get(name);
    if (known) return known;
    const tensor = this.#find(name);
    if (!["F32", "F16", "BF16"].includes(tensor.type.name)) {
      throw new SkiffError("unsupported", `Tensor ${name} is ${tensor.type.name}; vectors are read as F32`);
    }
    const elements = tensor.shape.reduce((product, n) => product * n, 1);
    const vector = { tensor, length: tensor.shape[0], elements };
    this.#vectors.set(name, vector);
    return vector;
  }

  #find(name: string): GgufTensor {
    return this.#tensors.get(name) ?? fail(this.#corrupt(`it has no tensor ${name}`));
  }

  #misshapen(tensor: GgufTensor, wanted: string): never {
    throw this.#corrupt(`tensor ${tensor.name} is [${tensor.shape.join(", ")}], which has not ${wanted}`);
  }

  #corrupt(reason: string): SkiffError {
    return new SkiffError("corrupt", `Cannot load "${this.#gguf.path}": ${reason}`, {
      hint: "The file is not a whole model of its architecture; pull it again.",
      details: { path: this.#gguf.path },
    });
  }
}

function fail(error: SkiffError): never {
  throw error;
}

/** A planned pass -> the dispatches that compute it: each node becomes the kernels of its op, on its buffers. */
import type { BufferRange, Dispatch } from "../device/dispatch.ts";
import type { KernelFeatures } from "../device/features.ts";
import type { LayerCache } from "../execution/kv_cache.ts";
import { attention, type AttentionStep, type CacheType } from "../kernels/attention.ts";
import { embedding } from "../kernels/embedding.ts";
import { type ExpertMatmul, type ExpertScratch, gatedExperts, sumOfExperts } from "../kernels/experts.ts";
import type { Choosing } from "../kernels/expert_choice.ts";
import { gate } from "../kernels/gate.ts";
import { logitCap } from "../kernels/logit_cap.ts";
import {
  activationKind,
  canJoin,
  type Epilogue,
  joinedMatmul,
  type Matmul,
  matmul,
} from "../kernels/matmul.ts";
import { norm } from "../kernels/norm.ts";
import { choosesWithRouter, normRouter, routerFits } from "../kernels/norm_router.ts";
import type { Activations, PassBuffers } from "../kernels/pass_buffers.ts";
import type { WeightMatrix } from "../weights/weight_matrix.ts";
import type { AttentionNode, Node, NormNode, RouteChoice, Value } from "./nodes.ts";
import { type PassPlan, type PlannedMatrix, type PlannedVector, vectorAlignment } from "./plan.ts";

/** Everything that dispatches work on, allocated once. */
export interface PassResources {
  plan: PassPlan;
  features: KernelFeatures;
  weights: ReadonlyMap<PlannedMatrix, WeightMatrix>;
  shared: PassBuffers;
  /** By slot number of the plan. */
  slots: readonly BufferRange[];
  caches: ReadonlyMap<AttentionNode, LayerCache>;
  cacheType: CacheType;
  /** Cosines and sines of each layer that turns. */
  turns: ReadonlyMap<AttentionNode, BufferRange>;
  /** What attention's dispatches hand to each other. */
  queries: BufferRange;
  parts: BufferRange;
  sums: BufferRange;
  /** Where plans for many rows sort tokens by expert. */
  experts?: ExpertScratch;
  /** Token ids of the rows. */
  tokens: BufferRange;
  /** Word and vec4 of `batch` at which the wanted rows and the tiles stand. */
  wanted: number;
  tiles: number;
  /** Changed before a step is recorded. */
  step: AttentionStep;
}

/** A pass in two halves: what is computed for all tokens, and what for the wanted ones. */
export interface RecordedPass {
  body: Dispatch[];
  head: Dispatch[];
}

/** The dispatches for steps of at most `maxRows` tokens, `maxWanted` of them wanted. */
export function recordPass(resources: PassResources, maxRows: number, maxWanted: number): RecordedPass {
  const recorder = new PassRecorder(resources, maxRows, maxWanted);
  const body: Dispatch[] = [];
  const head: Dispatch[] = [];
  for (const node of resources.plan.pass.nodes) {
    (node.out.wanted ? head : body).push(...recorder.record(node));
  }
  return { body, head };
}

/** Where a product goes. */
type ProductTo = Pick<Matmul, "output" | "outputStride" | "outputColumn" | "epilogue">;

/** Words of the step's uniform. */
export const rowsWord = 0;
export const wantedWord = 1;

class PassRecorder {
  readonly #resources: PassResources;
  readonly #maxRows: number;
  readonly #maxWanted: number;
  /** Choices that are made before the product that needs them. */
  readonly #routed = new Set<RouteChoice>();

  constructor(resources: PassResources, maxRows: number, maxWanted: number) {
    this.#resources = resources;
    this.#maxRows = maxRows;
    this.#maxWanted = maxWanted;
  }

  record(node: Node): Dispatch[] {
    switch (node.op) {
      case "embed":
        return this.#embed(node);
      case "norm":
        return this.#norm(node);
      case "matmul":
        return this.#matmul(node);
      case "attention":
        return this.#attention(node);
      case "gated":
        return this.#gated(node);
      case "experts":
        return this.#experts(node);
      case "logits":
        return this.#logits(node);
    }
  }

  #embed(node: Node & { op: "embed" }): Dispatch[] {
    const { weights, tokens, shared } = this.#resources;
    return embedding({
      weights: weights.get(this.#planned(node)[0])!,
      ids: tokens,
      output: this.#plain(node.out),
      scale: node.scale,
      step: shared.step,
      countWord: rowsWord,
      label: "embedding",
    });
  }

  #norm(node: NormNode): Dispatch[] {
    if (node.router && this.#routerFits(node)) return this.#normRouter(node, node.router.route);
    const { add, out, weight, epsilon } = node;
    const shape = {
      width: out.width,
      epsilon,
      weight: this.#offset(weight),
      gather: out.wanted,
      wanted: this.#resources.wanted,
      add: add && { scale: add.scale, post: this.#offset(add.norm) },
    };
    const branch = add && this.#plain(add.branch);
    const operands = { stream: this.#plain(node.stream), branch, out: this.#activations(out) };
    const normed = norm(shape, operands, this.#resources.shared);
    if (!node.router) return normed;
    const { logits } = node.router.route;
    const to = { output: this.#plain(logits), outputStride: logits.width };
    return [...normed, ...this.#product(this.#planned(node)[0], out, to)];
  }

  #routerFits(node: NormNode): boolean {
    const { features, weights } = this.#resources;
    return routerFits(features, this.#maxRows, weights.get(this.#planned(node)[0])!);
  }

  #normRouter(node: NormNode, route: RouteChoice): Dispatch[] {
    const { features, weights, shared } = this.#resources;
    const [planned] = this.#planned(node);
    if (choosesWithRouter(features)) this.#routed.add(route);
    const shape = { width: node.out.width, epsilon: node.epsilon, weight: this.#offset(node.weight) };
    return normRouter(features, shape, {
      stream: this.#plain(node.stream),
      router: weights.get(planned)!,
      bias: planned.bias && this.#vectorRange(planned.bias),
      route: this.#plain(route.out),
      slots: route.used,
      choosing: this.#choosing(route),
      out: this.#activations(node.out),
    }, shared);
  }

  #choosing({ logits, kind, scale }: RouteChoice): Choosing {
    return {
      logits: this.#plain(logits),
      experts: logits.width,
      gating: kind === "softmax_then_top" ? "softmax" : "selected",
      normalise: true,
      scale,
    };
  }

  #matmul(node: Node & { op: "matmul" }): Dispatch[] {
    const residual = node.residual !== undefined;
    const dispatches: Dispatch[] = [];
    const planned = this.#planned(node);
    let outputColumn = 0;
    for (let i = 0; i < planned.length; i++) {
      const to = {
        output: this.#plain(node.out),
        outputStride: node.out.width,
        outputColumn,
        epilogue: { residual, scale: node.residual },
      };
      outputColumn += planned[i].rows;
      const next = planned.at(i + 1);
      if (next && this.#canJoin(planned[i], next, node.x)) {
        dispatches.push(...this.#joined([planned[i], next], node.x, to, "below"));
        outputColumn += next.rows;
        i++;
      } else dispatches.push(...this.#product(planned[i], node.x, to));
    }
    return dispatches;
  }

  #canJoin(first: PlannedMatrix, second: PlannedMatrix, x: Value): boolean {
    const { features, weights } = this.#resources;
    return canJoin(features, this.#rowsOf(x), weights.get(first)!, weights.get(second)!);
  }

  #rowsOf(x: Value): number {
    return x.wanted ? this.#maxWanted : this.#maxRows;
  }

  /** Two matrices of different types, in one dispatch. */
  #joined(
    [first, second]: [PlannedMatrix, PlannedMatrix],
    x: Value,
    to: ProductTo,
    how: "below" | "pairs",
  ): Dispatch[] {
    const { features, weights } = this.#resources;
    const request = this.#request(first, x, to, shortName(`${first.name} + ${second.name}`));
    const bias = second.bias && this.#vectorRange(second.bias);
    return joinedMatmul(features, request, { weights: weights.get(second)!, bias, how });
  }

  #product(planned: PlannedMatrix, x: Value, to: ProductTo, label = shortName(planned.name)): Dispatch[] {
    return matmul(this.#resources.features, this.#request(planned, x, to, label));
  }

  #request(planned: PlannedMatrix, x: Value, to: ProductTo, label: string): Matmul {
    const { features, weights, shared } = this.#resources;
    const kind = activationKind(planned.type, features);
    const bias = planned.bias && this.#vectorRange(planned.bias);
    return {
      weights: weights.get(planned)!,
      input: kind === "q8" ? this.#activations(x).groups! : this.#activations(x).plain!,
      kind,
      ...to,
      epilogue: { ...to.epilogue, bias },
      step: shared.step,
      countWord: x.wanted ? wantedWord : rowsWord,
      maxRows: this.#rowsOf(x),
      label,
    };
  }

  #attention(node: AttentionNode): Dispatch[] {
    const { caches, cacheType, turns, queries, parts, sums, shared, step, tiles } = this.#resources;
    const cache = caches.get(node)!;
    const kernel = {
      ...node.shape,
      cache: cacheType,
      cacheScales: cache.scales,
      rotated: node.rope?.dimensions ?? 0,
      neox: node.rope?.style === "neox",
      scale: node.scale,
      window: node.window,
      softcap: node.softcap,
      queryNorm: node.queryNorm && this.#offset(node.queryNorm),
      keyNorm: node.keyNorm && this.#offset(node.keyNorm),
      sinks: node.sinks && this.#offset(node.sinks),
    };
    const operands = {
      qkv: this.#plain(node.qkv),
      turns: turns.get(node),
      queries,
      keys: cache.keys,
      values: cache.values,
      parts,
      sums,
      out: this.#activations(node.out),
    };
    return attention(kernel, operands, shared, step, tiles);
  }

  #gated(node: Node & { op: "gated" }): Dispatch[] {
    const { plain, groups } = this.#activations(node.out);
    const planned = this.#planned(node);
    const joins = planned.length === 2 && this.#canJoin(planned[0], planned[1], node.x);
    if ((planned.length === 1 || joins) && !(plain && groups)) {
      const epilogue: Epilogue = { glu: node.kind, quantise: groups !== undefined };
      const to = { output: (groups ?? plain)!, outputStride: node.out.width, epilogue };
      if (node.route) return this.#gatedExperts(planned[0], node.x, node.route, to);
      if (joins) return this.#joined([planned[0], planned[1]], node.x, to, "pairs");
      return this.#product(planned[0], node.x, to);
    }
    return this.#gatedApart(node, planned);
  }

  /** Gate and up of different types: two products side by side, and the gate in a pass of its own. */
  #gatedApart(node: Node & { op: "gated" }, planned: PlannedMatrix[]): Dispatch[] {
    const gateUp = this.#resources.parts; // attention's parts rest while a feed-forward layer runs
    const { width, perToken } = node.out;
    const products = planned.flatMap((matrix, i) =>
      this.#product(matrix, node.x, { output: gateUp, outputStride: 2 * width, outputColumn: i * width })
    );
    const out = this.#activations(node.out);
    return [
      ...products,
      ...gate({ width, kind: node.kind, perToken }, { gateUp, out }, this.#resources.shared),
    ];
  }

  #gatedExperts(planned: PlannedMatrix, x: Value, route: RouteChoice, to: ProductTo): Dispatch[] {
    const request = this.#expertRequest(planned, x, route.out, to);
    const routed = this.#routed.has(route);
    return gatedExperts(this.#resources.features, request, { ...this.#choosing(route), routed });
  }

  #experts(node: Node & { op: "experts" }): Dispatch[] {
    const epilogue = { residual: node.residual !== undefined, scale: node.residual };
    const to = { output: this.#plain(node.out), outputStride: node.out.width, epilogue };
    const request = this.#expertRequest(this.#planned(node)[0], node.x, node.route, to);
    return sumOfExperts(this.#resources.features, request);
  }

  #expertRequest(planned: PlannedMatrix, x: Value, route: Value, to: ProductTo): ExpertMatmul {
    return {
      ...this.#request(planned, x, to, shortName(planned.name)),
      route: this.#plain(route),
      slots: route.width / 2,
      scratch: this.#resources.experts,
    };
  }

  #logits(node: Node & { op: "logits" }): Dispatch[] {
    const output = this.#plain(node.out);
    const { width } = node.out;
    const product = this.#product(this.#planned(node)[0], node.x, { output, outputStride: width }, "logits");
    return [...product, ...logitCap(output, { width, scale: node.scale, softcap: node.softcap })];
  }

  #planned(node: Node): PlannedMatrix[] {
    return this.#resources.plan.matrices.get(node)!;
  }

  #activations({ id }: Value): Activations {
    const { plan, slots } = this.#resources;
    const { plain, groups } = plan.placements.get(id)!;
    return {
      plain: plain === undefined ? undefined : slots[plain],
      groups: groups === undefined ? undefined : slots[groups],
    };
  }

  #plain(value: Value): BufferRange {
    return this.#activations(value).plain!;
  }

  #offset(vector: Parameters<PassPlan["vectorOf"]["get"]>[0]): number {
    return this.#resources.plan.vectorOf.get(vector)!.offset;
  }

  #vectorRange({ offset, length }: PlannedVector): BufferRange {
    const { buffer, offset: first } = this.#resources.shared.vectors;
    const size = Math.ceil(length / vectorAlignment) * vectorAlignment * 4;
    return { buffer, offset: first + offset * 4, size };
  }
}

/** "blk.3.attn_q + blk.3.attn_k" -> "attn_q + attn_k": what times are added up by. */
function shortName(name: string): string {
  return name.replaceAll(/blk\.\d+\./g, "");
}

/** Every variant of the weight kernels' texts, of a few shapes each: what the WGSL compilers are shown. */
import type {
  BufferRange,
  Dispatch,
  KernelCode,
} from "../../../../../inference/engines/webgpu/device/dispatch.ts";
import type { KernelFeatures } from "../../../../../inference/engines/webgpu/device/features.ts";
import { argmax, gatherLogits, topK } from "../../../../../inference/engines/webgpu/kernels/choose.ts";
import { embedding } from "../../../../../inference/engines/webgpu/kernels/embedding.ts";
import {
  type ExpertMatmul,
  gatedExperts,
  routeExperts,
  sumOfExperts,
} from "../../../../../inference/engines/webgpu/kernels/experts.ts";
import {
  activationKind,
  canJoin,
  type Glu,
  joinedMatmul,
  matmul,
} from "../../../../../inference/engines/webgpu/kernels/matmul.ts";
import { quantise } from "../../../../../inference/engines/webgpu/kernels/quantise.ts";
import { isGrouped } from "../../../../../inference/engines/webgpu/kernels/text.ts";
import {
  type WeightMatrix,
  weightTypes,
} from "../../../../../inference/engines/webgpu/weights/weight_matrix.ts";

/** A buffer that is named and never bound: texts do not depend on it. */
const range: BufferRange = { buffer: {} as GPUBuffer, offset: 0, size: 2 ** 20 };
const rows = { step: range, countWord: 0 };

const base: KernelFeatures = {
  f16: true,
  dp4a: true,
  subgroupSize: 0,
  timestamps: true,
  software: false,
  workgroupBytes: 16_384,
  bindingBytes: 2 ** 27,
};

/** Adapters that lead to different kernels. */
const adapters: KernelFeatures[] = [
  base,
  { ...base, dp4a: false },
  { ...base, subgroupSize: 32 },
  { ...base, subgroupSize: 8 },
  { ...base, software: true },
  { ...base, software: true, dp4a: false },
];

const glus: (Glu | undefined)[] = [undefined, "silu", "gelu", "swiglu_oai"];

const gatings = ["softmax", "selected", "sigmoid"] as const;

/** Kernels by text, each once. */
export function everyWeightKernel(): KernelCode[] {
  const dispatches = [...choices()];
  for (const features of adapters) {
    for (const type of weightTypes) {
      for (const glu of glus) dispatches.push(...products(features, type, glu));
      for (const second of partners(type)) dispatches.push(...joinedProducts(features, type, second));
    }
  }
  return [...new Map(dispatches.map(({ kernel }) => [kernel.code, kernel])).values()];
}

/** Types that a type is joined with here: its text stands before that of another, and behind. */
function partners(type: WeightMatrix["type"]): WeightMatrix["type"][] {
  const next = weightTypes[(weightTypes.indexOf(type) + 1) % weightTypes.length];
  return [next, "Q6_K"];
}

function* products(
  features: KernelFeatures,
  type: WeightMatrix["type"],
  glu: Glu | undefined,
): Generator<Dispatch> {
  const columns = isGrouped(type) ? 256 : 100;
  const order = glu ? "pairs" : "plain";
  const part = { range, firstRow: 0, rows: 128 };
  const weights: WeightMatrix = { type, rows: 128, columns, order, experts: 1, parts: [part] };
  const kind = activationKind(type, features);
  const common = { ...rows, weights, input: range, output: range, kind };
  if (glu === undefined) yield* embedding({ ...rows, weights, ids: range, output: range });
  for (const maxRows of [1, 3, 8, 64]) {
    for (const quantise of glu ? [false, true] : [false]) {
      const bias = maxRows === 3 || quantise ? range : undefined;
      const epilogue = { glu, quantise, bias, residual: glu === undefined && maxRows !== 3 };
      yield* matmul(features, { ...common, maxRows, epilogue });
      const experts = { ...weights, rows: 64, experts: 2 };
      const scratch = { tiles: range, sorted: range, pairs: range };
      const choice = { ...common, weights: experts, route: range, slots: 2, scratch, maxRows, epilogue };
      if (glu === undefined) yield* sumOfExperts(features, choice);
      else yield* chosenProducts(features, choice);
    }
  }
}

/** Gate and up of experts that the same dispatch chooses, by each rule. */
function* chosenProducts(features: KernelFeatures, request: ExpertMatmul): Generator<Dispatch> {
  const rules = request.weights.type === "Q4_K" && request.epilogue?.glu === "silu"
    ? gatings
    : gatings.slice(0, 1);
  for (const gating of rules) {
    for (const normalise of [false, true]) {
      yield* gatedExperts(features, request, {
        logits: range,
        experts: 33,
        gating,
        normalise,
        routed: false,
      });
    }
  }
}

/** Two types in one dispatch: one below the other with a bias of neither, of one, of both; gate and up. */
function* joinedProducts(
  features: KernelFeatures,
  type: WeightMatrix["type"],
  secondType: WeightMatrix["type"],
): Generator<Dispatch> {
  const part = { range, firstRow: 0, rows: 128 };
  const matrix = { rows: 128, columns: 256, order: "plain" as const, experts: 1, parts: [part] };
  const weights: WeightMatrix = { ...matrix, type }, second: WeightMatrix = { ...matrix, type: secondType };
  if (type === secondType || !canJoin(features, 8, weights, second)) return;
  const kind = activationKind(type, features);
  const common = { ...rows, weights, input: range, output: range, kind };
  const whole = type === "Q4_K" && secondType === "Q6_K";
  const biases = whole ? [[], [0], [1], [0, 1]] : [[]];
  for (const maxRows of whole ? [1, 3, 8] : [1]) {
    for (const biased of biases) {
      const bias = biased.includes(0) ? range : undefined, other = biased.includes(1) ? range : undefined;
      const below = { weights: second, bias: other, how: "below" as const };
      yield* joinedMatmul(features, { ...common, maxRows, epilogue: { bias } }, below);
      for (const quantise of [false, true]) {
        const epilogue = { bias, glu: "silu" as const, quantise };
        yield* joinedMatmul(features, { ...common, maxRows, epilogue }, { ...below, how: "pairs" });
      }
    }
  }
}

function* choices(): Generator<Dispatch> {
  const logits = { ...rows, logits: range, columns: 100_000, output: range };
  yield argmax(logits);
  yield gatherLogits({ ...logits, ids: range, count: 3 });
  for (const k of [1, 5, 40, 256]) yield* topK({ ...logits, k, scratch: range });
  yield quantise({ ...rows, input: range, output: range, columns: 64 });
  for (const gating of gatings) {
    for (const normalise of [false, true]) {
      const route = { ...rows, logits: range, route: range, experts: 20, slots: 4 };
      yield routeExperts({ ...route, gating, normalise });
    }
  }
}

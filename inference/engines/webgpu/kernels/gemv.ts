/** Products with one to eight rows of x, any number on software adapters: gemv.wgsl. */
import { type Dispatch, float32Word, foldWorkgroups, type KernelCode } from "../device/dispatch.ts";
import type { KernelFeatures } from "../device/features.ts";
import { groupsOfRow, partLayout } from "../weights/layout.ts";
import type { WeightMatrix, WeightType } from "../weights/weight_matrix.ts";
import template from "./gemv.wgsl" with { type: "text" };
import { choiceConstants, choiceParts, type Choosing } from "./expert_choice.ts";
import type { ActivationKind, Epilogue, Matmul } from "./matmul.ts";
import { partBuffers, partParams } from "./product_part.ts";
import gluText from "./snippets/glu.wgsl" with { type: "text" };
import walk from "./snippets/walk.wgsl" with { type: "text" };
import { type Constants, specialise } from "./specialise.ts";
import { isGrouped, q8Snippet, weightConstants, weightParts } from "./text.ts";

/** Experts of a mixture: which of them each pair of token and slot uses. */
export interface ExpertChoice {
  /** (expert, bits of its f32 weight) [T, slots]. */
  route: Matmul["input"];
  slots: number;
  /** y[t] is the weighted sum over its slots, x has a row for each pair; else the other way round. */
  sums: boolean;
  /** The experts are chosen by these on the way, and the route is written; on GPUs, without `sums`. */
  choosing?: Choosing;
}

/** A second matrix of another type that x is multiplied with in the same dispatch; both are whole, without experts. */
export interface JoinedMatrix {
  weights: WeightMatrix;
  bias?: Matmul["input"];
  /** "below": its rows after those of the first. "pairs": in turn with them, as gate and up are multiplied. */
  how: "below" | "pairs";
}

interface Shape {
  /** Rows of W that a lane (or thread) takes. */
  rows: number;
  /** Rows of x at a time. */
  columns: number;
  /** Lanes that share rows; 1 where a thread walks along whole rows. */
  team: number;
  workgroup: number;
}

/** The dispatches of a product; each part of the matrix is one. */
export function gemv(features: KernelFeatures, request: Matmul, choice?: ExpertChoice): Dispatch[] {
  const { weights, epilogue = {} } = request;
  const shape = chooseShape(features, request, weights.rows, choice !== undefined);
  return weights.parts.map((part, index) => {
    // Where an output is a sum over experts, those of later parts are added to what the first part wrote.
    const adds = epilogue.residual === true || (index > 0 && choice?.sums === true);
    const kernel = gemvKernel(features, request, shape, adds, { choice });
    const perExpert = weights.experts > 1 ? weights.rows : part.rows;
    const slots = choice === undefined || choice.sums ? 1 : choice.slots;
    const choosing = choice?.choosing;
    return {
      kernel,
      buffers: [
        ...partBuffers(request, part),
        ...(choice ? [choice.route] : []),
        ...(choosing ? [choosing.logits] : []),
      ],
      params: [
        ...partParams(request, part, { countFactor: slots, inputDivisor: slots }),
        ...(choosing ? [float32Word(choosing.scale ?? 1)] : []),
      ],
      workgroups: gemvWorkgroups(Math.ceil(perExpert / blockRows(shape)), shape, slots),
      label: request.label,
    };
  });
}

/**
 * Products of x with two matrices of different types in one dispatch. The output has `outputStride` values a row,
 * the first matrix' from `outputColumn` on and then the second's; with "pairs" and `epilogue.glu`, those of the gate.
 */
export function joinedGemv(features: KernelFeatures, request: Matmul, joined: JoinedMatrix): Dispatch {
  const { weights, epilogue = {} } = request;
  const { how, weights: second } = joined;
  const below = how === "below";
  const shape = chooseShape(features, request, weights.rows + second.rows, false);
  const blocks = (rows: number) => Math.ceil(rows / blockRows(shape));
  const [part] = weights.parts, [other] = second.parts;
  const params = partParams(request, part, { countFactor: 1, inputDivisor: 1 });
  if (!below) params[rowsParam] = 2 * weights.rows;
  const { planeParams } = partLayout(second.type, second.rows, second.columns);
  return {
    kernel: gemvKernel(features, request, shape, epilogue.residual === true, { joined }),
    buffers: [
      ...partBuffers(request, part),
      other.range,
      other.range,
      ...(joined.bias ? [joined.bias] : []),
    ],
    params: [...params, ...planeParams, second.rows, blocks(weights.rows)],
    workgroups: gemvWorkgroups(
      below ? blocks(weights.rows) + blocks(second.rows) : blocks(2 * weights.rows),
      shape,
      1,
    ),
    label: request.label,
  };
}

function gemvWorkgroups(blocks: number, shape: Shape, slots: number): Dispatch["workgroups"] {
  const [x, y] = foldWorkgroups(blocks);
  return (rows) => [x, y, Math.ceil(rows * slots / shape.columns)];
}

/** Where params have the number of rows. */
const rowsParam = 3;

function chooseShape(features: KernelFeatures, request: Matmul, matrixRows: number, experts: boolean): Shape {
  const { weights, maxRows, epilogue = {} } = request;
  const columns = experts ? 1 : [1, 2, 4, 8].find((c) => c >= maxRows) ?? 8;
  if (features.software) return softwareShape(matrixRows, columns, epilogue.quantise === true);
  const team = chooseTeam(groupsOfRow(weights.columns), features.subgroupSize);
  if (epilogue.quantise) return { rows: team / 4, columns, team, workgroup: 256 };
  return { rows: columns > 4 ? 2 : 4, columns, team, workgroup: 64 };
}

/**
 * Threads are SIMD lanes there: eight of them a workgroup, and as many rows each as pay for fetching x. More rows
 * take longer to compile than small matrices take to run; more columns than four gain nothing.
 */
function softwareShape(matrixRows: number, columns: number, quantise: boolean): Shape {
  const rows = matrixRows >= 512 ? 8 : 4;
  return { rows, columns: Math.min(4, columns), team: 1, workgroup: quantise ? 64 / rows : 8 };
}

/** Lanes for a row of so many groups: as many as find work in every round, within what shuffles span. */
function chooseTeam(groups: number, subgroupSize: number): number {
  const most = subgroupSize > 0 ? Math.min(32, subgroupSize) : 32;
  const teams = [32, 16, 8].filter((team) => team <= most);
  const use = (team: number) => groups / (Math.ceil(groups / team) * team);
  return teams.find((team) => use(team) >= 0.85) ?? teams.sort((a, b) => use(b) - use(a))[0];
}

/** Rows of W that a workgroup takes. */
function blockRows({ rows, team, workgroup }: Shape): number {
  return rows * workgroup / team;
}

const kernels = new Map<string, KernelCode>();

/** What a kernel has beside one matrix. */
interface Besides {
  choice?: ExpertChoice;
  joined?: JoinedMatrix;
}

function gemvKernel(
  features: KernelFeatures,
  { weights, kind, epilogue = {} }: Matmul,
  shape: Shape,
  residual: boolean,
  besides: Besides,
): KernelCode {
  const { choice, joined } = besides;
  const types = [weights.type, ...(joined ? [joined.weights.type] : [])];
  const constants = {
    ...shapeConstants(features, weights, kind, shape, epilogue.glu !== undefined),
    ...epilogueConstants(epilogue, residual, besides),
  };
  const key = JSON.stringify([types, kind, constants]);
  let kernel = kernels.get(key);
  if (kernel === undefined) {
    const expertName = choice ? ` experts${choice.slots}` : "";
    const glu = epilogue.glu ? ` ${epilogue.glu}` : "";
    const more = (range: unknown) => range ? ["read" as const] : [];
    kernel = {
      name: `gemv ${types.join("+")} ${kind} x${shape.columns}${glu}${expertName}`,
      code: specialise(template, constants, gemvParts(types, kind, constants)),
      access: [
        "uniform",
        "read",
        "read",
        "read",
        "write",
        ...more(epilogue.bias),
        ...more(joined),
        ...more(joined),
        ...more(joined?.bias),
        ...(choice ? [choice.choosing ? "write" as const : "read" as const] : []),
        ...more(choice?.choosing),
      ],
    };
    kernels.set(key, kernel);
  }
  return kernel;
}

/** How weights of each type are read and walked along; the names of the second type's text end in "_second". */
function gemvParts(types: WeightType[], kind: ActivationKind, constants: Constants): Record<string, string> {
  const apart = constants.JOIN === "pairs";
  const parts: Record<string, string> = {
    ...choiceParts,
    glu: gluText,
    q8: q8Snippet,
    decoder_second: "",
    walk_second: "",
  };
  for (const [i, type] of types.entries()) {
    const own = { ...constants, ...weightConstants(type, kind === "f32") };
    const rows = {
      WALKED: apart ? constants.PAIRS : constants.ROWS,
      EVERY: apart ? 2 : 1,
      FIRST: apart ? i : 0,
    };
    const decoder = specialise("//#include weights", own, weightParts(type));
    const walked = specialise(walk, { ...own, ...rows });
    const suffix = i === 0 ? "" : "_second";
    const names = [...decoder.matchAll(/^(?:fn|struct|const) (\w+)/gm)].map(([, name]) => name);
    const renamed = (text: string) =>
      suffix === "" ? text : text.replaceAll(
        new RegExp(`\\b(?:${[...names, "weights1", "weights4"].join("|")}|(?<=params\\.)plane[123])\\b`, "g"),
        (name) => name + suffix,
      );
    parts[`decoder${suffix}`] = renamed(decoder);
    parts[`walk${suffix}`] = renamed(walked);
  }
  return parts;
}

function shapeConstants(
  features: KernelFeatures,
  weights: WeightMatrix,
  kind: ActivationKind,
  shape: Shape,
  glu: boolean,
): Constants {
  const lanes = shape.team > 1;
  const shuffle = lanes && features.subgroupSize > 0;
  return {
    GROUPS: lanes ? `${groupsOfRow(weights.columns)}u` : "params.groups",
    QUADS: lanes ? `${weights.columns / 4}u` : "params.quads",
    TAIL: !isGrouped(weights.type) && weights.columns % 32 !== 0,
    Q8: kind === "q8",
    LANES: lanes,
    SHUFFLE: shuffle,
    GATHER: lanes && !shuffle,
    ROWS: shape.rows,
    PAIRS: shape.rows >> 1,
    COLS: shape.columns,
    TEAM: shape.team,
    TEAMS: shape.workgroup / shape.team,
    PITCH: shape.team + 1,
    WG: shape.workgroup,
    BLOCK: blockRows(shape),
    OUTPUTS: blockRows(shape) / (glu ? 2 : 1),
  };
}

function epilogueConstants(epilogue: Epilogue, residual: boolean, { choice, joined }: Besides): Constants {
  const biased = epilogue.bias ? 1 : 0;
  const second = joined ? 6 + biased : 0;
  return {
    BIAS: epilogue.bias ? 6 : 0,
    JOIN: joined?.how ?? "",
    SECOND: second,
    SECONDBIAS: joined?.bias ? second + 2 : 0,
    ANY_BIAS: epilogue.bias !== undefined || joined?.bias !== undefined,
    EXPERTS: choice ? 6 + biased : 0,
    SUMS: choice?.sums === true,
    CHOOSES: choice?.choosing !== undefined,
    SLOTS: choice?.slots ?? 1,
    ...(choice?.choosing && choiceConstants(choice.choosing)),
    RESIDUAL: residual,
    GLU: epilogue.glu ?? "",
    QUANTISE: epilogue.quantise === true,
  };
}

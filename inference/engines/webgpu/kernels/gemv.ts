/** Products with one to eight rows of x, any number on software adapters: gemv.wgsl. */
import { type Dispatch, foldWorkgroups, type KernelCode } from "../device/dispatch.ts";
import type { KernelFeatures } from "../device/features.ts";
import { groupsOfRow } from "../weights/layout.ts";
import type { WeightMatrix } from "../weights/weight_matrix.ts";
import template from "./gemv.wgsl" with { type: "text" };
import type { ActivationKind, Epilogue, Matmul } from "./matmul.ts";
import { partBuffers, partParams } from "./product_part.ts";
import { type Constants, specialise } from "./specialise.ts";
import { isGrouped, weightConstants, weightParts } from "./text.ts";

/** Experts of a mixture: which of them each pair of token and slot uses. */
export interface ExpertChoice {
  /** (expert, bits of its f32 weight) [T, slots]. */
  route: Matmul["input"];
  slots: number;
  /** y[t] is the weighted sum over its slots, x has a row for each pair; else the other way round. */
  sums: boolean;
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
  const shape = chooseShape(features, request, choice !== undefined);
  return weights.parts.map((part, index) => {
    // Where an output is a sum over experts, those of later parts are added to what the first part wrote.
    const adds = epilogue.residual === true || (index > 0 && choice?.sums === true);
    const kernel = gemvKernel(features, request, shape, adds, choice);
    const perExpert = weights.experts > 1 ? weights.rows : part.rows;
    const block = blockRows(shape);
    const slots = choice === undefined || choice.sums ? 1 : choice.slots;
    return {
      kernel,
      buffers: [...partBuffers(request, part), ...(choice ? [choice.route] : [])],
      params: partParams(request, part, { countFactor: slots, inputDivisor: slots }),
      workgroups: (rows) => {
        const [x, y] = foldWorkgroups(Math.ceil(perExpert / block));
        return [x, y, Math.ceil(rows * slots / shape.columns)];
      },
      label: request.label,
    };
  });
}

function chooseShape(features: KernelFeatures, request: Matmul, experts: boolean): Shape {
  const { weights, maxRows, epilogue = {} } = request;
  const columns = experts ? 1 : [1, 2, 4, 8].find((c) => c >= maxRows) ?? 8;
  if (features.software) return softwareShape(weights.rows, columns, epilogue.quantise === true);
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

function gemvKernel(
  features: KernelFeatures,
  { weights, kind, epilogue = {} }: Matmul,
  shape: Shape,
  residual: boolean,
  choice?: ExpertChoice,
): KernelCode {
  const constants = {
    ...weightConstants(weights.type, kind === "f32"),
    ...shapeConstants(features, weights, kind, shape),
    ...epilogueConstants(epilogue, residual, choice),
  };
  const key = JSON.stringify([weights.type, constants]);
  let kernel = kernels.get(key);
  if (kernel === undefined) {
    const expertName = choice ? ` experts${choice.slots}` : "";
    const glu = epilogue.glu ? ` ${epilogue.glu}` : "";
    kernel = {
      name: `gemv ${weights.type} ${kind} x${shape.columns}${glu}${expertName}`,
      code: specialise(template, constants, weightParts(weights.type)),
      access: [
        "uniform",
        "read",
        "read",
        "read",
        "write",
        ...(epilogue.bias ? ["read" as const] : []),
        ...(choice ? ["read" as const] : []),
      ],
    };
    kernels.set(key, kernel);
  }
  return kernel;
}

function shapeConstants(
  features: KernelFeatures,
  weights: WeightMatrix,
  kind: ActivationKind,
  shape: Shape,
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
    OUTPUTS: blockRows(shape) / (weights.order === "pairs" ? 2 : 1),
  };
}

function epilogueConstants(epilogue: Epilogue, residual: boolean, choice?: ExpertChoice): Constants {
  const biased = epilogue.bias ? 1 : 0;
  return {
    BIAS: epilogue.bias ? 6 : 0,
    EXPERTS: choice ? 6 + biased : 0,
    ROUTE: choice?.sums === true,
    SLOTS: choice?.sums ? choice.slots : 1,
    RESIDUAL: residual,
    GLU: epilogue.glu ?? "",
    QUANTISE: epilogue.quantise === true,
  };
}

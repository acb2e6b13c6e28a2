/** The norm before a mixture of experts, and its router, in one dispatch (norm_router.wgsl). */
import { type BufferRange, type Dispatch, float32Word, type KernelCode } from "../device/dispatch.ts";
import type { KernelFeatures } from "../device/features.ts";
import type { WeightMatrix } from "../weights/weight_matrix.ts";
import { assertChoosable, choiceConstants, choiceParts, type Choosing } from "./expert_choice.ts";
import { fewRows } from "./matmul.ts";
import source from "./norm_router.wgsl" with { type: "text" };
import type { Activations, PassBuffers } from "./pass_buffers.ts";
import { partsBias } from "./product_part.ts";
import { type Constants, specialise } from "./specialise.ts";
import { wgslParts } from "./wgsl_parts.ts";

export interface NormRouterShape {
  /** E, a multiple of 32. */
  width: number;
  epsilon: number;
  /** Offset of the norm's weight in the vectors, in floats; a multiple of 4. */
  weight: number;
}

export interface NormRouterOperands {
  stream: BufferRange;
  /** F32, F16 or BF16 [experts, E]. */
  router: WeightMatrix;
  bias?: BufferRange;
  /** Its logits are written; and the route where `choosesWithRouter` holds. */
  choosing: Choosing;
  /** vec2<u32> [T, slots] */
  route: BufferRange;
  slots: number;
  out: Activations;
}

/** Types of routers that it reads; converters leave them as floats. */
export function isRouterType(type: string): boolean {
  return ["F32", "F16", "BF16"].includes(type);
}

/** Whether steps of so many tokens, each of which reads the router anew, are faster so. */
export function routerFits(features: KernelFeatures, maxRows: number, router: WeightMatrix): boolean {
  return features.software ? maxRows === 1 && router.parts.length === 1 : maxRows <= fewRows;
}

/**
 * On processors one workgroup is as fast as many for a single token, and can choose when it is done. On GPUs many
 * share the router, and those that need the choice make it (gemv.wgsl).
 */
export function choosesWithRouter(features: KernelFeatures): boolean {
  return features.software;
}

/** One dispatch for each part of the router; `routerFits` must hold. */
export function normRouter(
  features: KernelFeatures,
  shape: NormRouterShape,
  { stream, router, bias, choosing, route, slots, out }: NormRouterOperands,
  { vectors, unwritten }: Pick<PassBuffers, "vectors" | "unwritten">,
): Dispatch[] {
  const team = chooseTeam(features, router.rows);
  const routes = choosesWithRouter(features);
  assertChoosable(slots, choosing.experts);
  return router.parts.map((part, index) => ({
    kernel: kernel(features, shape.width, router.type, team, {
      BIAS: bias !== undefined,
      WRITES: index === 0,
      PLAIN: index === 0 && out.plain !== undefined,
      GROUPS: index === 0 && out.groups !== undefined,
      ROUTES: routes ? (bias ? 8 : 7) : 0,
      SLOTS: slots,
      ...choiceConstants(choosing),
    }),
    buffers: [
      vectors,
      stream,
      part.range,
      choosing.logits,
      out.plain ?? unwritten,
      out.groups ?? unwritten,
      ...partsBias(bias, part.firstRow),
      ...(routes ? [route] : []),
    ],
    params: [
      shape.weight / 4,
      float32Word(shape.epsilon),
      part.rows,
      part.firstRow,
      router.rows,
      float32Word(choosing.scale ?? 1),
    ],
    workgroups: (rows) => [Math.ceil(part.rows / (team.TEAMS * team.ROWS)), rows, 1],
    label: "norm + router",
  }));
}

/** On processors a thread walks along rows of its own, a SIMD vector of eight of them; on GPUs lanes share a row. */
function chooseTeam({ software }: KernelFeatures, rows: number): Team {
  if (!software) return { TEAM: 32, TEAMS: 4, ROWS: 1 };
  return { TEAM: 1, TEAMS: 8 * Math.ceil(rows / 32), ROWS: 4 };
}

interface Team {
  TEAM: number;
  TEAMS: number;
  ROWS: number;
}

function kernel(
  { workgroupBytes }: KernelFeatures,
  width: number,
  type: string,
  team: Team,
  flags: Constants,
): KernelCode {
  const threads = team.TEAM * team.TEAMS;
  const heldBytes = 4 * (width + threads) +
    (flags.ROUTES ? 4 * (Number(flags.ROUTED) + Number(flags.SLOTS) + 4) : 0);
  const constants = {
    WIDTH: width,
    TYPE: type,
    WG: threads,
    LANES: team.TEAM > 1,
    HELD: heldBytes <= workgroupBytes,
    ...team,
    ...flags,
  };
  return {
    name: `norm router ${type} ${width}`,
    code: specialise(source, constants, { ...wgslParts, ...choiceParts }),
    access: [
      "read",
      "read",
      "read",
      "write",
      "write",
      "write",
      ...(flags.BIAS ? ["read" as const] : []),
      ...(flags.ROUTES ? ["write" as const] : []),
    ],
  };
}

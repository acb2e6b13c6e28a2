/** How a router's logits become experts and their weights: what kernels that choose are told. */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import type { BufferRange } from "../device/dispatch.ts";
import rankExperts from "./snippets/rank_experts.wgsl" with { type: "text" };
import type { Constants } from "./specialise.ts";

/** What a chosen expert's weight is made of; see moe_route.wgsl. */
export type Gating = "softmax" | "selected" | "sigmoid";

export interface Choosing {
  /** f32 [T, experts] */
  logits: BufferRange;
  experts: number;
  gating: Gating;
  /** Weights of the chosen experts add up to one (for "softmax" and "sigmoid"). */
  normalise?: boolean;
  /** Factor on the weights. @default 1 */
  scale?: number;
}

/** The part for templates that include `rank_experts`. */
export const choiceParts: Readonly<Record<string, string>> = { rank_experts: rankExperts };

const mostExperts = 1024;

/** @throws {SkiffError} "unsupported" for more experts than workgroup memory has room for, or than there are. */
export function assertChoosable(slots: number, experts: number): void {
  if (experts <= mostExperts && slots <= experts) return;
  throw new SkiffError("unsupported", `Cannot choose ${slots} of ${experts} experts`, {
    hint: "Use --engine llama for this model.",
  });
}

/** What such a template needs to know beside SLOTS and WG. */
export function choiceConstants({ experts, gating, normalise = false }: Choosing): Constants {
  const sum = gating === "selected" || normalise ? "chosen" : gating === "softmax" ? "all" : "none";
  return { ROUTED: experts, GATING: gating, SUM: sum };
}

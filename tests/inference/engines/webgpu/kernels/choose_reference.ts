/** Which experts a router chooses, and their weights, in f64. */
import type { Gating } from "../../../../../inference/engines/webgpu/kernels/expert_choice.ts";

export interface Chosen {
  expert: number;
  weight: number;
}

/** The experts of a token by the logits of its router, best first; see moe_route.wgsl. */
export function choose(logits: number[], slots: number, gating: Gating, normalise: boolean): Chosen[] {
  const sorted = logits.map((logit, expert) => ({ logit, expert }))
    .sort((a, b) => b.logit - a.logit || a.expert - b.expert).slice(0, slots);
  const raw = ({ logit }: { logit: number }) =>
    gating === "sigmoid" ? 1 / (1 + Math.exp(-logit)) : Math.exp(logit);
  const all = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  const chosen = sorted.reduce((sum, one) => sum + raw(one), 0);
  const total = gating === "selected" || normalise ? chosen : gating === "softmax" ? all : 1;
  return sorted.map((one) => ({ expert: one.expert, weight: raw(one) / total }));
}

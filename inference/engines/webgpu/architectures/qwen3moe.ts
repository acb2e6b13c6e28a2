/** Qwen 3 as a mixture of experts: softmax over all experts, the best of them with weights that sum to 1. */
import type { Architecture, DecoderConfig } from "./architecture.ts";
import { decoderConfig } from "./model_keys.ts";
import { qwen3Forward } from "./qwen3.ts";

interface ExpertConfig extends DecoderConfig {
  expertsUsed: number;
  expertScale: number;
}

export const qwen3moe: Architecture<ExpertConfig> = {
  name: "qwen3moe",

  configure(keys) {
    const experts = keys.count("expert_count");
    const expertsUsed = keys.count("expert_used_count");
    if (expertsUsed > experts) keys.refuse("expert_used_count", `at most the ${experts} experts`);
    const expertScale = keys.optional("expert_weights_scale") || 1;
    return { ...decoderConfig(keys, "neox"), expertsUsed, expertScale };
  },

  forward(graph, config) {
    qwen3Forward(graph, config, (graph, x, w) =>
      graph.experts(x, {
        router: w.matrix("ffn_gate_inp"),
        gate: w.matrix("ffn_gate_exps"),
        up: w.matrix("ffn_up_exps"),
        down: w.matrix("ffn_down_exps"),
        used: config.expertsUsed,
        routing: "softmax_then_top",
        activation: "silu",
        scale: config.expertScale,
      }));
  },
};

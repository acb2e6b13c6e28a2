/**
 * gpt-oss (arXiv 2508.10925): a mixture of experts with biases everywhere, a window on every other layer, and a
 * sink for each head, which attention may give weight to instead of a key.
 */
import type { Graph } from "../graph/graph.ts";
import type { Architecture, DecoderConfig } from "./architecture.ts";
import { decoderConfig } from "./model_keys.ts";
import { outputMatrix } from "./output_matrix.ts";

interface GptOssConfig extends DecoderConfig {
  window: number;
  expertsUsed: number;
}

export const gptOss: Architecture<GptOssConfig> = {
  name: "gpt-oss",

  configure(keys) {
    const experts = keys.count("expert_count");
    const expertsUsed = keys.count("expert_used_count");
    if (expertsUsed > experts) keys.refuse("expert_used_count", `at most the ${experts} experts`);
    return { ...decoderConfig(keys, "neox"), window: keys.count("attention.sliding_window"), expertsUsed };
  },

  forward(graph: Graph, config: GptOssConfig) {
    const { epsilon, rope, attentionScale: scale } = config;
    let x = graph.embed(graph.matrix("token_embd"));
    for (let i = 0; i < config.layers; i++) {
      const w = graph.layer(i);
      const window = i % 2 === 0 ? config.window : 0;
      const h = graph.norm(x, w.vector("attn_norm"), epsilon);
      const qkv = graph.linear(h, w.matrix("attn_q"), w.matrix("attn_k"), w.matrix("attn_v"));
      const sinks = w.vector("attn_sinks");
      const attended = graph.attention(qkv, config, { rope, scale, window, sinks });
      x = graph.add(x, graph.linear(attended, w.matrix("attn_output")));

      // named after where it stands, between attention and experts
      const f = graph.norm(x, w.vector("post_attention_norm"), epsilon);
      const mixed = graph.experts(f, {
        router: w.matrix("ffn_gate_inp"),
        gate: w.matrix("ffn_gate_exps"),
        up: w.matrix("ffn_up_exps"),
        down: w.matrix("ffn_down_exps"),
        used: config.expertsUsed,
        routing: "top_then_softmax",
        activation: "swiglu_oai",
      });
      x = graph.add(x, mixed);
    }
    graph.logits(x, { norm: graph.vector("output_norm"), weight: outputMatrix(graph), epsilon });
  },
};

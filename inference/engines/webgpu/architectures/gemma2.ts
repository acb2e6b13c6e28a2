/**
 * Gemma 2 (arXiv 2408.00118): norms before and after each branch, a window on every other layer, soft-caps on
 * scores and logits, embeddings times √E.
 */
import type { Graph } from "../graph/graph.ts";
import type { Architecture, DecoderConfig } from "./architecture.ts";
import { decoderConfig } from "./model_keys.ts";
import { outputMatrix } from "./output_matrix.ts";

interface Gemma2Config extends DecoderConfig {
  window: number;
  scoreCap: number;
  logitCap: number;
}

export const gemma2: Architecture<Gemma2Config> = {
  name: "gemma2",

  configure(keys) {
    const config = decoderConfig(keys, "neox");
    const is27B = config.layers === 46;
    return {
      ...config,
      attentionScale: is27B ? 1 / Math.sqrt(config.width / config.heads) : config.attentionScale,
      window: keys.count("attention.sliding_window", 4096),
      scoreCap: keys.positive("attn_logit_softcapping", 50),
      logitCap: keys.positive("final_logit_softcapping", 30),
    };
  },

  forward(graph: Graph, config: Gemma2Config) {
    const { epsilon, rope, attentionScale: scale, scoreCap: softcap } = config;
    let x = graph.embed(graph.matrix("token_embd"), Math.sqrt(config.width));
    for (let i = 0; i < config.layers; i++) {
      const w = graph.layer(i);
      const window = i % 2 === 0 ? config.window : 0;
      const h = graph.norm(x, w.vector("attn_norm"), epsilon);
      const qkv = graph.linear(h, w.matrix("attn_q"), w.matrix("attn_k"), w.matrix("attn_v"));
      const attended = graph.attention(qkv, config, { rope, scale, window, softcap });
      const a = graph.linear(attended, w.matrix("attn_output"));
      x = graph.add(x, a, { norm: w.vector("post_attention_norm") });

      const f = graph.norm(x, w.vector("ffn_norm"), epsilon);
      const gated = graph.gated("gelu", f, w.matrix("ffn_gate"), w.matrix("ffn_up"));
      x = graph.add(x, graph.linear(gated, w.matrix("ffn_down")), { norm: w.vector("post_ffw_norm") });
    }
    const head = { norm: graph.vector("output_norm"), weight: outputMatrix(graph), epsilon };
    graph.logits(x, { ...head, softcap: config.logitCap });
  },
};

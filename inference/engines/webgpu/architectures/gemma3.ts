/**
 * Gemma 3 (arXiv 2503.19786): as Gemma 2 without soft-caps, with norms on queries and keys; five layers with a
 * window and their own rotation to each that sees all.
 */
import type { Graph } from "../graph/graph.ts";
import type { Rope } from "../graph/rope.ts";
import type { Architecture, DecoderConfig } from "./architecture.ts";
import { decoderConfig } from "./model_keys.ts";
import { outputMatrix } from "./output_matrix.ts";

interface Gemma3Config extends DecoderConfig {
  window: number;
  /** Every so many layers one sees all. */
  period: number;
  localRope: Rope;
  logitCap: number;
}

export const gemma3: Architecture<Gemma3Config> = {
  name: "gemma3",

  configure(keys) {
    const config = decoderConfig(keys, "neox");
    const is27B = config.layers === 62;
    return {
      ...config,
      attentionScale: is27B ? 1 / Math.sqrt(config.width / config.heads) : config.attentionScale,
      window: keys.optional("attention.sliding_window") ?? 0,
      period: keys.count("attention.sliding_window_pattern", 6),
      localRope: { ...config.rope, base: keys.positive("rope.freq_base_swa", 10000), factor: 1 },
      logitCap: keys.optional("final_logit_softcapping") ?? 0,
    };
  },

  forward(graph: Graph, config: Gemma3Config) {
    const { epsilon, attentionScale: scale } = config;
    let x = graph.embed(graph.matrix("token_embd"), Math.sqrt(config.width));
    for (let i = 0; i < config.layers; i++) {
      const w = graph.layer(i);
      const local = config.window > 0 && i % config.period < config.period - 1;
      const h = graph.norm(x, w.vector("attn_norm"), epsilon);
      const qkv = graph.linear(h, w.matrix("attn_q"), w.matrix("attn_k"), w.matrix("attn_v"));
      const attended = graph.attention(qkv, config, {
        queryNorm: w.vector("attn_q_norm"),
        keyNorm: w.vector("attn_k_norm"),
        rope: local ? config.localRope : config.rope,
        window: local ? config.window : 0,
        scale,
      });
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

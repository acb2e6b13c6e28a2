/**
 * Phi 3, 3.5 and 4-mini (arXiv 2404.14219): one matrix for queries, keys and values, one for gate and up; factors
 * of rotation for short and for long contexts. Its window is not used, as in llama.cpp.
 */
import type { Graph } from "../graph/graph.ts";
import type { Architecture, DecoderConfig } from "./architecture.ts";
import { decoderConfig } from "./model_keys.ts";
import { outputMatrix } from "./output_matrix.ts";

export const phi3: Architecture = {
  name: "phi3",
  configure: (keys) => decoderConfig(keys, "neox"),

  forward(graph: Graph, config: DecoderConfig) {
    const { epsilon, attentionScale: scale } = config;
    const length = graph.contextTokens > config.rope.originalContext ? "long" : "short";
    const factors = graph.has(`rope_factors_${length}`) ? `rope_factors_${length}.weight` : undefined;
    const rope = { ...config.rope, factors };
    let x = graph.embed(graph.matrix("token_embd"));
    for (let i = 0; i < config.layers; i++) {
      const w = graph.layer(i);
      const h = graph.norm(x, w.vector("attn_norm"), epsilon);
      const attended = graph.attention(graph.linear(h, w.matrix("attn_qkv")), config, { rope, scale });
      x = graph.add(x, graph.linear(attended, w.matrix("attn_output")));

      const f = graph.norm(x, w.vector("ffn_norm"), epsilon);
      x = graph.add(x, graph.linear(graph.gated("silu", f, w.matrix("ffn_up")), w.matrix("ffn_down")));
    }
    graph.logits(x, { norm: graph.vector("output_norm"), weight: outputMatrix(graph), epsilon });
  },
};

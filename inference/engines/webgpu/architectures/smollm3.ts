/** SmolLM 3 (Hugging Face, 2025): Llama whose every fourth layer does not know positions (NoPE, arXiv 2501.18795). */
import type { Graph } from "../graph/graph.ts";
import type { Architecture, DecoderConfig } from "./architecture.ts";
import { decoderConfig } from "./model_keys.ts";
import { outputMatrix } from "./output_matrix.ts";

const layersBetween = 4;

export const smollm3: Architecture = {
  name: "smollm3",

  configure(keys) {
    const config = decoderConfig(keys, "norm");
    return { ...config, attentionScale: keys.optional("attention.scale") || config.attentionScale };
  },

  forward(graph: Graph, config: DecoderConfig) {
    const { epsilon, attentionScale: scale } = config;
    let x = graph.embed(graph.matrix("token_embd"));
    for (let i = 0; i < config.layers; i++) {
      const w = graph.layer(i);
      const rope = (i + 1) % layersBetween === 0 ? undefined : config.rope;
      const h = graph.norm(x, w.vector("attn_norm"), epsilon);
      const qkv = graph.linear(h, w.matrix("attn_q"), w.matrix("attn_k"), w.matrix("attn_v"));
      const attended = graph.attention(qkv, config, { rope, scale });
      x = graph.add(x, graph.linear(attended, w.matrix("attn_output")));

      const f = graph.norm(x, w.vector("ffn_norm"), epsilon);
      const gated = graph.gated("silu", f, w.matrix("ffn_gate"), w.matrix("ffn_up"));
      x = graph.add(x, graph.linear(gated, w.matrix("ffn_down")));
    }
    graph.logits(x, { norm: graph.vector("output_norm"), weight: outputMatrix(graph), epsilon });
  },
};

/** Granite 3 (IBM): Llama with four factors: on embeddings, on what is added to the stream, on scores, under logits. */
import type { Graph } from "../graph/graph.ts";
import type { Architecture, DecoderConfig } from "./architecture.ts";
import { decoderConfig } from "./model_keys.ts";
import { outputMatrix } from "./output_matrix.ts";

interface GraniteConfig extends DecoderConfig {
  embeddingScale: number;
  residualScale: number;
  logitScale: number;
  /** Files of models without positions say so with this key. */
  rotates: boolean;
}

export const granite: Architecture<GraniteConfig> = {
  name: "granite",

  configure(keys) {
    const config = decoderConfig(keys, "norm");
    return {
      ...config,
      attentionScale: keys.optional("attention.scale") || config.attentionScale,
      embeddingScale: keys.optional("embedding_scale") || 1,
      residualScale: keys.optional("residual_scale") || 1,
      logitScale: keys.positive("logit_scale"),
      rotates: keys.flag("rope.scaling.finetuned", true),
    };
  },

  forward(graph: Graph, config: GraniteConfig) {
    const { epsilon, attentionScale, residualScale: scale } = config;
    const rope = config.rotates ? config.rope : undefined;
    let x = graph.embed(graph.matrix("token_embd"), config.embeddingScale);
    for (let i = 0; i < config.layers; i++) {
      const w = graph.layer(i);
      const h = graph.norm(x, w.vector("attn_norm"), epsilon);
      const qkv = graph.linear(h, w.matrix("attn_q"), w.matrix("attn_k"), w.matrix("attn_v"));
      const attended = graph.attention(qkv, config, { rope, scale: attentionScale });
      x = graph.add(x, graph.linear(attended, w.matrix("attn_output")), { scale });

      const f = graph.norm(x, w.vector("ffn_norm"), epsilon);
      const gated = graph.gated("silu", f, w.matrix("ffn_gate"), w.matrix("ffn_up"));
      x = graph.add(x, graph.linear(gated, w.matrix("ffn_down")), { scale });
    }
    const head = { norm: graph.vector("output_norm"), weight: outputMatrix(graph), epsilon };
    graph.logits(x, { ...head, scale: 1 / config.logitScale });
  },
};

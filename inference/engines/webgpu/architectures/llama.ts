/**
 * Llama (arXiv 2302.13971, 2407.21783) and what is built like it: Mistral, SmolLM2, TinyLlama. Factors of
 * rotation, which Llama 3.1 has, stand in the file as a tensor.
 */
import type { Graph } from "../graph/graph.ts";
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import type { Architecture, DecoderConfig } from "./architecture.ts";
import { decoderConfig } from "./model_keys.ts";
import { outputMatrix } from "./output_matrix.ts";

export const llama: Architecture = {
  name: "llama",

  configure(keys) {
    if (keys.optional("expert_count")) {
      throw new SkiffError("unsupported", "Llama with experts has no graph here");
    }
    const config = decoderConfig(keys, "norm");
    return { ...config, attentionScale: keys.optional("attention.scale") || config.attentionScale };
  },

  forward(graph: Graph, config: DecoderConfig) {
    const rope = { ...config.rope, factors: graph.has("rope_freqs") ? "rope_freqs.weight" : undefined };
    let x = graph.embed(graph.matrix("token_embd"));
    for (let i = 0; i < config.layers; i++) {
      const w = graph.layer(i);
      const h = graph.norm(x, w.vector("attn_norm"), config.epsilon);
      const qkv = graph.linear(h, w.matrix("attn_q"), w.matrix("attn_k"), w.matrix("attn_v"));
      const attended = graph.attention(qkv, config, { rope, scale: config.attentionScale });
      x = graph.add(x, graph.linear(attended, w.matrix("attn_output")));

      const f = graph.norm(x, w.vector("ffn_norm"), config.epsilon);
      const gated = graph.gated("silu", f, w.matrix("ffn_gate"), w.matrix("ffn_up"));
      x = graph.add(x, graph.linear(gated, w.matrix("ffn_down")));
    }
    graph.logits(x, {
      norm: graph.vector("output_norm"),
      weight: outputMatrix(graph),
      epsilon: config.epsilon,
    });
  },
};

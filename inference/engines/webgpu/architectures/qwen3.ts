/** Qwen 3 (arXiv 2505.09388): Llama with RMS norms on each head's queries and keys before they turn. */
import type { Graph } from "../graph/graph.ts";
import type { LayerWeights } from "../graph/graph.ts";
import type { Value } from "../graph/nodes.ts";
import type { Architecture, DecoderConfig } from "./architecture.ts";
import { decoderConfig } from "./model_keys.ts";
import { outputMatrix } from "./output_matrix.ts";

/** What the dense model and the mixture of experts differ in. */
type FeedForward = (graph: Graph, x: Value, w: LayerWeights) => Value;

export const qwen3: Architecture = {
  name: "qwen3",
  configure: (keys) => decoderConfig(keys, "neox"),
  forward: (graph, config) => qwen3Forward(graph, config, dense),
};

function dense(graph: Graph, x: Value, w: LayerWeights): Value {
  return graph.linear(graph.gated("silu", x, w.matrix("ffn_gate"), w.matrix("ffn_up")), w.matrix("ffn_down"));
}

export function qwen3Forward(graph: Graph, config: DecoderConfig, feedForward: FeedForward): void {
  const { epsilon, rope, attentionScale: scale } = config;
  let x = graph.embed(graph.matrix("token_embd"));
  for (let i = 0; i < config.layers; i++) {
    const w = graph.layer(i);
    const h = graph.norm(x, w.vector("attn_norm"), epsilon);
    const qkv = graph.linear(h, w.matrix("attn_q"), w.matrix("attn_k"), w.matrix("attn_v"));
    const norms = { queryNorm: w.vector("attn_q_norm"), keyNorm: w.vector("attn_k_norm") };
    const attended = graph.attention(qkv, config, { ...norms, rope, scale });
    x = graph.add(x, graph.linear(attended, w.matrix("attn_output")));
    x = graph.add(x, feedForward(graph, graph.norm(x, w.vector("ffn_norm"), epsilon), w));
  }
  graph.logits(x, { norm: graph.vector("output_norm"), weight: outputMatrix(graph), epsilon });
}

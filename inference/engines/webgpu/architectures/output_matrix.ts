/** The matrix of the logits: its own, or the embeddings where they are tied. */
import type { Graph } from "../graph/graph.ts";
import type { Matrix } from "../graph/nodes.ts";

export function outputMatrix(graph: Graph): Matrix {
  return graph.matrix(graph.has("output") ? "output" : "token_embd");
}

/**
 * What an architecture is to this engine: hyperparameters read from metadata, and a forward pass written over
 * the operations of `Graph`. One file each; `registry.ts` lists them.
 */
import type { Graph } from "../graph/graph.ts";
import type { Rope } from "../graph/rope.ts";
import type { ModelKeys } from "./model_keys.ts";

/** Hyperparameters that every decoder here has. E = width, H = heads, D = head size. */
export interface DecoderConfig {
  layers: number;
  /** E. */
  width: number;
  /** H of the queries. */
  heads: number;
  /** Of keys and values; H is a multiple of it. */
  kvHeads: number;
  /** D. */
  headSize: number;
  /** Added to the mean square in RMS norms. */
  epsilon: number;
  /** Factor on q·k, before a soft-cap. */
  attentionScale: number;
  rope: Rope;
}

export interface Architecture<Config extends DecoderConfig = DecoderConfig> {
  /** As in `general.architecture`. */
  readonly name: string;
  /** Throws "corrupt" with key and value for what cannot be, "unsupported" for what is not computed here. */
  configure(keys: ModelKeys): Config;
  /** Writes down one pass over a batch; binds weights by name. Throws like `configure`. */
  forward(graph: Graph, config: Config): void;
}

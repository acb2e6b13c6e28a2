/**
 * The contract of what runs models for the gateway: loads on demand, batches, evicts, restarts.
 * `RunnerPool` (pool.ts) implements it with one child process a loaded model.
 */
import type { ChatRequest, GenerationEvent, GenerationRequest } from "../chat/request.ts";
import type { StoredModel } from "../store/model.ts";
import type { RunnerInfo, RunnerStatistics } from "./protocol.ts";

export type RunnerMode = "completion" | "embedding" | "reranking";

/** Settings of a model (`skiff model configure`), kept on disk. Names are the wire's of `POST /engines/_configure`. */
export interface ModelSettings {
  "context-size"?: number;
  "runtime-flags"?: string[];
  /** Go duration ("30m"), "0" at once, negative never. */
  keep_alive?: string;
  /** -1 = unlimited, 0 = none. */
  "reasoning-budget"?: number;
  parallel?: number;
  engine?: "auto" | "llama" | "webgpu" | "onnx";
  speculative?: { draft_model: string; num_tokens?: number; min_acceptance_rate?: number };
}

export interface LoadedModel {
  model: StoredModel;
  mode: RunnerMode;
  state: "loading" | "ready" | "stopping";
  info?: RunnerInfo;
  /** Requests in flight. */
  inUse: number;
  /** Unix milliseconds. */
  lastUsed: number;
  /** Unix milliseconds when it will be unloaded; undefined while in use or never. */
  expires?: number;
  keepAlive: string;
}

export interface HostOptions {
  signal?: AbortSignal;
}

export interface ModelHost {
  /**
   * Events as in `GenerationEvent`. Ending the iteration or aborting cancels the generation. Throws before the
   * first event: "context_overflow", "overloaded", "invalid_input", "out_of_memory", "unavailable", "corrupt".
   */
  generate(
    model: StoredModel,
    request: GenerationRequest,
    options?: HostOptions,
  ): AsyncIterable<GenerationEvent>;
  embed(
    model: StoredModel,
    inputs: (string | number[])[],
    options?: HostOptions & { mode?: "embedding" | "reranking" },
  ): Promise<{ vectors: Float32Array[]; promptTokens: number }>;
  /** How well each document answers the query: the model's own figure, higher is better. */
  rerank(
    model: StoredModel,
    query: string,
    documents: string[],
    options?: HostOptions,
  ): Promise<{ scores: number[]; promptTokens: number }>;
  tokenize(
    model: StoredModel,
    text: string,
    options?: HostOptions & { addSpecial?: boolean; parseSpecial?: boolean },
  ): Promise<number[]>;
  detokenize(model: StoredModel, tokens: number[], options?: HostOptions): Promise<string>;
  render(
    model: StoredModel,
    chat: ChatRequest,
    options?: HostOptions,
  ): Promise<{ text: string; tokens: number[] }>;
  /** Loads without a request. */
  preload(model: StoredModel, mode?: RunnerMode, options?: HostOptions): Promise<RunnerInfo>;
  loaded(): LoadedModel[];
  /** Unloads idle runners of these models (all when undefined); how many were unloaded. */
  unload(modelIds?: string[]): Promise<number>;
  /** Throws "conflict" when the model runs with other settings and is in use, "invalid_input" for a refused flag. */
  configure(model: StoredModel, mode: RunnerMode | undefined, settings: ModelSettings): Promise<void>;
  settings(modelId?: string): Promise<{ modelId: string; mode: RunnerMode; settings: ModelSettings }[]>;
  statistics(): Promise<{ model: StoredModel; mode: RunnerMode; statistics: RunnerStatistics }[]>;
  /** Ends all runners; in-flight requests may finish first unless `force`. */
  close(options?: { force?: boolean }): Promise<void>;
}

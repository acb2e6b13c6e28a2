/**
 * What the server and a runner say to each other: one JSON object a line over the runner's stdin and stdout.
 * A runner is a child process `skiff runner` that holds one loaded model; its stderr is its log.
 */
import type { ErrorRecord } from "../../core/errors/skiff_error.ts";
import type { ChatRequest, GenerationEvent, GenerationRequest } from "../chat/request.ts";
import type { EngineInfo, EngineName, Pooling } from "../engines/engine.ts";

/** First line to a runner. */
export interface RunnerConfiguration {
  /** For logs: the name the user gave. */
  model: string;
  modelPath: string;
  /** All files of split weights in order. */
  shardPaths?: string[];
  /** Files of an ONNX model by their names in its layout. */
  files?: Record<string, string>;
  /** Replaces the model's own template. */
  chatTemplatePath?: string;
  engine: "auto" | EngineName;
  mode: "completion" | "embedding" | "reranking";
  /** 0 = the model's own maximum, shrunk to what memory allows. */
  contextTokens: number;
  /** Positions of all sequences together; default `contextTokens` for each. */
  cacheTokens?: number;
  /** Most sequences that are decoded together. */
  parallel: number;
  threads?: number;
  gpuLayers?: number;
  batchTokens?: number;
  microBatchTokens?: number;
  cacheType?: "f16" | "f32" | "q8_0" | "q4_0";
  flashAttention?: boolean;
  mlock?: boolean;
  pooling?: Pooling;
  adapters?: { path: string; scale: number }[];
  /** Defaults of requests that do not say (from `configure` and the model's `general.sampling.*`). */
  defaults?: Partial<GenerationRequest["sampling"]>;
  /** Requests waiting beyond this many are refused with "overloaded". */
  queueLimit: number;
}

export type RunnerCommand =
  | { op: "load"; configuration: RunnerConfiguration }
  | { op: "generate"; id: number; request: GenerationRequest }
  | { op: "embed"; id: number; inputs: (string | number[])[] }
  /** Scores of documents for a query, by a reranker. */
  | { op: "rerank"; id: number; query: string; documents: string[] }
  | { op: "tokenize"; id: number; text: string; addSpecial?: boolean; parseSpecial?: boolean }
  | { op: "detokenize"; id: number; tokens: number[] }
  /** The rendered prompt and its tokens, without generating (count_tokens, /apply-template). */
  | { op: "render"; id: number; chat: ChatRequest }
  | { op: "statistics"; id: number }
  /** The client of request `id` went away. */
  | { op: "cancel"; id: number }
  /** Finish what runs, then exit. */
  | { op: "shutdown" };

export interface RunnerStatistics {
  /** Being decoded, and waiting. */
  active: number;
  waiting: number;
  /** Since the runner started. */
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  promptMs: number;
  generationMs: number;
  requests: number;
  failures: number;
  residentBytes: number;
}

export interface RunnerInfo extends EngineInfo {
  pid: number;
  /** The template can render tools, and knows a thinking switch. */
  supportsTools: boolean;
  supportsThinking: boolean;
}

/** What `id` answers: `event`s then `done`, or one `result`, or one `error`. */
export type RunnerMessage =
  | { type: "loading"; fraction: number }
  | { type: "ready"; info: RunnerInfo }
  | { type: "failed"; error: ErrorRecord }
  | { type: "event"; id: number; event: GenerationEvent }
  | { type: "done"; id: number }
  | { type: "result"; id: number; result: RunnerResult }
  | { type: "error"; id: number; error: ErrorRecord };

export type RunnerResult =
  | {
    kind: "embeddings"; /** Float32, little-endian, base64; one per input. */
    vectors: string[];
    promptTokens: number;
  }
  | {
    kind: "scores"; /** One a document. */
    scores: number[];
    promptTokens: number;
  }
  | { kind: "tokens"; tokens: number[] }
  | { kind: "text"; text: string }
  | { kind: "rendered"; text: string; tokens: number[] }
  | { kind: "statistics"; statistics: RunnerStatistics };

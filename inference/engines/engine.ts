/**
 * The contract of an inference engine: a loaded model that turns batches of tokens into logits.
 * Tokenising, templates, sampling, grammars, stop strings and batching are above it and know nothing of
 * the backend. Every engine passes tests/inference/engines/engine_suite.ts.
 *
 * Shapes: V vocabulary size, N tokens of a batch, E embedding length. Ranges are half-open [from, to).
 * One caller, one call at a time: `decode` and `embed` may block the thread until the result is there.
 */

export type EngineName = "llama" | "webgpu" | "onnx";

/** A device that an engine can run on, as shown by `skiff model status`. */
export interface EngineInfo {
  engine: EngineName;
  /** What computes, for people: "llama.cpp 0.5.0, CPU (haswell), 2 threads". */
  device: string;
  /** Why this engine and device were chosen, one sentence. */
  reason: string;
  architecture: string;
  /** V: length of a logits row. */
  vocabularySize: number;
  /** Positions a single sequence can hold. */
  contextTokens: number;
  /** Positions that the model was trained for. */
  trainedContextTokens: number;
  /** Sequence ids are 0 … maxSequences-1. */
  maxSequences: number;
  /** Most tokens that one `decode` takes. */
  maxBatchTokens: number;
  /** E. */
  embeddingLength: number;
  /** True for encoder-only models: `embed` works, `decode` does not. */
  embeddingOnly: boolean;
  /** Whether part of a sequence can be removed (false for recurrent models). */
  canTruncate: boolean;
  /** Bytes of weights, KV cache and work space held in memory. */
  memoryBytes: number;
}

/** Tokens of any mix of sequences. All arrays have length N. */
export interface Batch {
  tokens: Int32Array;
  /** Position of each token in its sequence; consecutive to what the sequence holds. */
  positions: Int32Array;
  /** Sequence id of each token. */
  sequences: Int32Array;
  /** 1 where the logits after this token are wanted. */
  wanted: Uint8Array;
}

/** The wanted logits, in batch order. */
export interface Logits {
  rows: number;
  /** Row i, length V. A view that is valid until the next call of the engine; the caller may modify it. */
  row(i: number): Float32Array;
}

/** The k best of a row, best first; ties go to the lower id. */
export interface TopK {
  ids: Int32Array;
  logits: Float32Array;
}

export type Pooling = "none" | "mean" | "cls" | "last" | "rank";

export interface Engine {
  readonly info: EngineInfo;

  /**
   * Computes a batch and remembers its keys and values.
   * Throws `SkiffError` "context_overflow" when a sequence does not fit (nothing of the batch is kept then)
   * and "internal" when the backend fails.
   */
  decode(batch: Batch): Logits | Promise<Logits>;

  /** The same with only the k best per wanted row; for engines whose logits live on another device. */
  topK?(batch: Batch, k: number): TopK[] | Promise<TopK[]>;

  /**
   * One vector of length E per input, not normalised; for pooling "rank" one vector of length 1.
   * Uses no sequence of the caller's. `secondFrom`: where in each input the second text of a pair begins, for
   * models that tell the two apart. Throws "context_overflow" when an input is longer than a batch can be.
   */
  embed(
    inputs: Int32Array[],
    pooling?: Pooling,
    secondFrom?: number[],
  ): Float32Array[] | Promise<Float32Array[]>;

  /** Makes `to` hold the positions [0, length) of `from`; what `to` held is dropped. */
  copySequence(from: number, to: number, length: number): void;

  /** Keeps the positions [0, length) and drops the rest. False when the model cannot (then free it instead). */
  truncateSequence(sequence: number, length: number): boolean;

  freeSequence(sequence: number): void;

  /** The state of a sequence as bytes that `restoreSequence` of the same model, settings and version takes. */
  saveSequence?(sequence: number): Uint8Array;
  restoreSequence?(sequence: number, state: Uint8Array): void;

  /** Replaces the active LoRA adapters; sequences computed under other adapters must be freed by the caller. */
  setAdapters?(adapters: { path: string; scale: number }[]): void;

  /** Frees all memory. The engine is unusable afterwards. */
  close(): void;
}

/** What a loader of an engine is asked for. */
export interface EngineOptions {
  /** GGUF file, the first one of a split set; of an ONNX model its graph. */
  modelPath: string;
  /** All files of an ONNX model by their names in its layout (inference/onnx/layout.ts). */
  files?: Record<string, string>;
  /** All files of a split set in order, the first one included, where their names don't tell. */
  shardPaths?: string[];
  /** Positions a sequence; 0 = the model's own maximum. */
  contextTokens: number;
  maxSequences: number;
  /**
   * Positions that all sequences hold together, where the engine shares one cache among them; default
   * contextTokens × maxSequences. With fewer, `decode` throws "context_overflow" when all are taken.
   */
  cacheTokens?: number;
  /** 0 = physical cores. */
  threads?: number;
  /** Layers on the GPU; undefined = all that fit. */
  gpuLayers?: number;
  /** Tokens that one decode takes (default 2048) and that the backend computes at once (default 512). */
  batchTokens?: number;
  microBatchTokens?: number;
  /** Load for `embed` only. */
  embedding?: boolean;
  pooling?: Pooling;
  cacheType?: "f16" | "f32" | "q8_0" | "q4_0";
  flashAttention?: boolean;
  mlock?: boolean;
  adapters?: { path: string; scale: number }[];
  /** 0 … 1 while loading. */
  onProgress?: (fraction: number) => void;
}

/** Loads a model and makes its context: the translation of `EngineOptions` into llama.cpp's parameters. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { EngineInfo, EngineOptions, Pooling } from "../engine.ts";
import { type NativeLog, nativeReason, ranOutOfMemory, withLog } from "./log.ts";
import { cString, type NativeLibrary } from "./native.ts";
import { Struct } from "./structs.ts";

const poolings: Pooling[] = ["none", "mean", "cls", "last", "rank"]; // llama.h's numbers
const cacheTypes = { f32: 0, f16: 1, q4_0: 2, q8_0: 8 }; // ggml.h's numbers
const loadModes = { auto: -1, mapAndLock: 3 };

/** Inputs that are embedded in one call. */
const embeddingSequences = 16;

/** The model, and what llama.cpp logged. Throws "corrupt" or "out_of_memory". */
export function loadModel(
  library: NativeLibrary,
  options: EngineOptions,
): { model: Deno.PointerValue; log: NativeLog } {
  const { llama, layouts } = library;
  const params = new Struct(layouts.modelParams, bytesOf(llama.llama_model_default_params()));
  if (options.gpuLayers !== undefined) params.set("n_gpu_layers", options.gpuLayers);
  params.set("load_mode", options.mlock ? loadModes.mapAndLock : loadModes.auto);
  const { onProgress } = options;
  const progress = onProgress &&
    new Deno.UnsafeCallback({ parameters: ["f32", "pointer"], result: "bool" }, (fraction) => {
      onProgress(fraction);
      return true;
    });
  if (progress) params.set("progress_callback", progress.pointer);
  const paths = (options.shardPaths ?? [options.modelPath]).map(cString);
  const pointers = BigUint64Array.from(
    paths,
    (path) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(path)),
  );
  const { result: model, log } = withLog(
    library,
    () =>
      paths.length === 1
        ? llama.llama_model_load_from_file(paths[0], params.bytes)
        : llama.llama_model_load_from_splits(pointers, BigInt(paths.length), params.bytes),
  );
  progress?.close();
  if (model !== null) return { model, log };
  if (ranOutOfMemory(log)) {
    throw new SkiffError("out_of_memory", `No memory for the weights of "${options.modelPath}"`, {
      hint: "Use a smaller model or quantisation, or put fewer layers on the GPU.",
    });
  }
  const reason = nativeReason(log) ?? "llama.cpp refuses it";
  if (/unknown model architecture|unknown.*pre-tokenizer/.test(reason)) {
    throw new SkiffError("unsupported", `Cannot load "${options.modelPath}": ${reason}`, {
      hint: `llama.cpp ${library.version} does not know this kind of model; try a newer skiff.`,
    });
  }
  throw new SkiffError("corrupt", `Cannot load "${options.modelPath}": ${reason}`, {
    hint: "The file may be damaged: pull the model again.",
  });
}

/** Sizes of a context, decided from what is asked for and what the model is. */
export interface ContextPlan {
  /** Positions that all sequences hold together. */
  cacheTokens: number;
  contextTokens: number;
  sequences: number;
  batchTokens: number;
  microBatchTokens: number;
  /** Rows of logits that one native call gives; a batch that wants more is computed in parts. */
  outputRows: number;
  embedding: boolean;
  pooling?: Pooling;
  threads: number;
}

/** What the plan depends on, of the model and the machine. */
export interface PlannedModel {
  trainedContextTokens: number;
  encoder: boolean;
  /** Physical cores. */
  threads: number;
  modelPooling?: string;
  /** Cache size above which llama.cpp takes the model's other rope factors ("longrope"), made for long contexts. */
  longRopeTokens?: number;
}

/**
 * Layers with sliding windows keep the whole context too (llama.cpp's default `swa_full`): only so can a prefix
 * be cut back and used again anywhere.
 * One cache for all sequences ("unified"), so that a prefix that they share is stored and copied once, with room
 * for each to fill its whole context. Embeddings need the whole input in one micro-batch and no more cache than that.
 */
export function planContext(
  options: EngineOptions,
  model: PlannedModel,
): ContextPlan {
  const embedding = Boolean(options.embedding) || model.encoder;
  const asked = options.contextTokens || model.trainedContextTokens;
  const contextTokens = model.encoder ? Math.min(asked, model.trainedContextTokens) : asked;
  const threads = options.threads || model.threads;
  if (embedding) {
    const batchTokens = Math.min(options.batchTokens ?? 2048, contextTokens);
    return {
      cacheTokens: batchTokens,
      contextTokens,
      sequences: embeddingSequences,
      batchTokens,
      microBatchTokens: batchTokens,
      outputRows: batchTokens,
      embedding,
      pooling: options.pooling ?? (model.modelPooling === undefined ? "mean" : undefined),
      threads,
    };
  }
  const microBatchTokens = Math.min(options.microBatchTokens ?? 512, options.batchTokens ?? 2048);
  const sequences = options.maxSequences;
  const cacheTokens = options.cacheTokens ?? contextTokens * sequences;
  const longest = Math.max(contextTokens, model.longRopeTokens ?? Infinity);
  return {
    cacheTokens: Math.min(Math.max(cacheTokens, contextTokens), longest),
    contextTokens,
    sequences,
    batchTokens: options.batchTokens ?? 2048,
    microBatchTokens,
    outputRows: Math.min(microBatchTokens, Math.max(32, 2 * sequences)),
    embedding,
    threads,
  };
}

/** The context and what llama.cpp logged. Throws "out_of_memory" or "unsupported". */
export function makeContext(
  library: NativeLibrary,
  model: Deno.PointerValue,
  plan: ContextPlan,
  options: EngineOptions,
): { context: Deno.PointerValue; log: NativeLog } {
  const { llama, layouts } = library;
  const params = new Struct(layouts.contextParams, bytesOf(llama.llama_context_default_params()));
  params.set("n_ctx", plan.cacheTokens);
  params.set("n_batch", plan.batchTokens);
  params.set("n_ubatch", plan.microBatchTokens);
  params.set("n_seq_max", plan.sequences);
  params.set("n_outputs_max", plan.outputRows);
  params.set("n_outputs_max_per_seq", 0);
  params.set("n_threads", plan.threads);
  params.set("n_threads_batch", plan.threads);
  params.set("kv_unified", true);
  params.set("embeddings", plan.embedding);
  if (plan.pooling) params.set("pooling_type", poolings.indexOf(plan.pooling));
  if (options.flashAttention !== undefined) params.set("flash_attn_type", options.flashAttention ? 1 : 0);
  if (options.cacheType) {
    params.set("type_k", cacheTypes[options.cacheType]);
    params.set("type_v", cacheTypes[options.cacheType]);
  }
  const { result: context, log } = withLog(library, () => llama.llama_init_from_model(model, params.bytes));
  if (context !== null) return { context, log };
  if (log.errors.length > 0 && !ranOutOfMemory(log)) {
    throw new SkiffError("unsupported", `Cannot run the model with these settings: ${nativeReason(log)}`, {
      hint: "Try without cache type and flash attention settings.",
    });
  }
  const { sequences, contextTokens } = plan;
  throw new SkiffError("out_of_memory", `No memory for ${sequences} sequence(s) of ${contextTokens} tokens`, {
    hint: "Use a smaller context, fewer parallel requests, or a smaller cache type (q8_0).",
  });
}

export function contextPooling(library: NativeLibrary, context: Deno.PointerValue): Pooling {
  return poolings[library.llama.llama_pooling_type(context)] ?? "none";
}

/** What the model's metadata and llama.cpp say about it. */
export function modelFacts(library: NativeLibrary, model: Deno.PointerValue) {
  const { llama } = library;
  const architecture = metadata(library, model, "general.architecture") ?? "unknown";
  const scaling = (key: string) => metadata(library, model, `${architecture}.rope.scaling.${key}`);
  const hasLongRope = !["yarn", "linear", "none"].includes(scaling("type") ?? "");
  return {
    architecture,
    trainedContextTokens: llama.llama_model_n_ctx_train(model),
    vocabularySize: llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model)),
    embeddingLength: llama.llama_model_n_embd_out(model),
    /** An encoder attends to later tokens too: it cannot continue a text. */
    encoder: metadata(library, model, `${architecture}.attention.causal`) === "false",
    longRopeTokens: hasLongRope ? Number(scaling("original_context_length")) || undefined : undefined,
    modelPooling: metadata(library, model, `${architecture}.pooling_type`),
    canTruncate: !llama.llama_model_is_recurrent(model) && !llama.llama_model_is_hybrid(model),
    weightBytes: Number(llama.llama_model_size(model)),
  } satisfies Partial<EngineInfo> & Record<string, unknown>;
}

/** One metadata value as text. */
function metadata({ llama }: NativeLibrary, model: Deno.PointerValue, key: string): string | undefined {
  const value = new Uint8Array(new ArrayBuffer(512));
  const length = llama.llama_model_meta_val_str(model, cString(key), value, BigInt(value.length));
  return length < 0 ? undefined : new TextDecoder().decode(value.subarray(0, Math.min(length, 511)));
}

/** A struct that a native function returned. */
function bytesOf(struct: Uint8Array): Uint8Array<ArrayBuffer> {
  return struct as Uint8Array<ArrayBuffer>;
}

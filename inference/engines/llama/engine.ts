/** Loads a GGUF model with llama.cpp's prebuilt libraries. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Engine, EngineInfo, EngineOptions, Pooling } from "../engine.ts";
import { installLibraries, type InstallOptions } from "./install.ts";
import { embeddedSet, type LibrarySet } from "./library_set.ts";
import { LlamaEngine, type NativeHandles } from "./llama_engine.ts";
import { cString, type NativeLibrary, openLibrary, type OpenOptions } from "./native.ts";
import { Struct } from "./structs.ts";
import { physicalCores } from "./threads.ts";

export interface LlamaDependencies {
  /** Default: the one for this machine's processor. */
  set?: LibrarySet;
  /** Why that set was chosen. */
  reason?: string;
  install?: InstallOptions;
  open?: OpenOptions;
}

const poolings: Pooling[] = ["none", "mean", "cls", "last", "rank"]; // llama.h's numbers
const cacheTypes = { f32: 0, f16: 1, q4_0: 2, q8_0: 8 }; // ggml.h's numbers

/**
 * Installs and opens the libraries, then loads the model; blocks the thread while llama.cpp reads the file.
 *
 * Throws "corrupt" for a file that llama.cpp refuses, "out_of_memory", "unsupported" (no library for this
 * machine), and what `installLibraries` throws.
 */
export async function loadLlamaEngine(
  options: EngineOptions,
  dependencies: LlamaDependencies = {},
): Promise<Engine> {
  const set = dependencies.set ?? embeddedSet();
  if (set === undefined) {
    throw new SkiffError("unsupported", `llama.cpp is not built for ${Deno.build.os} on ${Deno.build.arch}`);
  }
  const folder = await installLibraries(set, dependencies.install);
  const nativeLog = dependencies.open?.nativeLog ?? Boolean(Deno.env.get("SKIFF_DEBUG"));
  const library = openLibrary(folder, set, { nativeLog });
  const model = loadModel(library, options);
  try {
    return makeEngine(library, model, options, dependencies.reason);
  } catch (error) {
    library.llama.llama_model_free(model);
    throw error;
  }
}

const loadModes = { auto: -1, mapAndLock: 3 };

function loadModel(library: NativeLibrary, options: EngineOptions): Deno.PointerValue {
  const { llama, layouts } = library;
  const params = new Struct(
    layouts.modelParams,
    llama.llama_model_default_params() as Uint8Array<ArrayBuffer>,
  );
  if (options.gpuLayers !== undefined) params.set("n_gpu_layers", options.gpuLayers);
  params.set("load_mode", options.mlock ? loadModes.mapAndLock : loadModes.auto);
  const { onProgress } = options;
  using progress = onProgress &&
    disposable(
      new Deno.UnsafeCallback({ parameters: ["f32", "pointer"], result: "bool" }, (fraction) => {
        onProgress(fraction);
        return true;
      }),
    );
  if (progress) params.set("progress_callback", progress.pointer);
  const model = llama.llama_model_load_from_file(cString(options.modelPath), params.bytes);
  if (model !== null) return model;
  throw new SkiffError("corrupt", `Cannot load "${options.modelPath}": llama.cpp refuses it`, {
    hint: "The file may be damaged, or of an architecture newer than this version; " +
      "SKIFF_DEBUG=1 shows llama.cpp's reason.",
  });
}

function disposable(callback: Deno.UnsafeCallback<{ parameters: ["f32", "pointer"]; result: "bool" }>) {
  return { pointer: callback.pointer, [Symbol.dispose]: () => callback.close() };
}

function makeEngine(
  library: NativeLibrary,
  model: Deno.PointerValue,
  options: EngineOptions,
  reason = "llama.cpp runs every GGUF model",
): Engine {
  const { llama, layouts } = library;
  const trainedContextTokens = llama.llama_model_n_ctx_train(model);
  const contextTokens = options.contextTokens || trainedContextTokens;
  const encoderOnly = isEncoderOnly(library, model);
  const embedding = options.embedding || encoderOnly;
  const maxSequences = options.maxSequences;
  const threads = options.threads || physicalCores();
  const microBatchTokens = options.microBatchTokens ?? 512;
  const batchTokens = Math.max(options.batchTokens ?? 2048, microBatchTokens);

  const params = new Struct(
    layouts.contextParams,
    llama.llama_context_default_params() as Uint8Array<ArrayBuffer>,
  );
  params.set("n_ctx", options.totalContextTokens ?? contextTokens * maxSequences);
  params.set("n_batch", batchTokens);
  params.set("n_ubatch", embedding ? batchTokens : microBatchTokens);
  params.set("n_seq_max", maxSequences);
  params.set("n_outputs_max", 0);
  params.set("n_outputs_max_per_seq", 0);
  params.set("n_threads", threads);
  params.set("n_threads_batch", threads);
  params.set("kv_unified", true);
  params.set("embeddings", embedding);
  if (options.pooling) params.set("pooling_type", poolings.indexOf(options.pooling));
  if (options.flashAttention !== undefined) params.set("flash_attn_type", options.flashAttention ? 1 : 0);
  if (options.cacheType) {
    params.set("type_k", cacheTypes[options.cacheType]);
    params.set("type_v", cacheTypes[options.cacheType]);
  }
  const context = llama.llama_init_from_model(model, params.bytes);
  if (context === null) throw outOfMemory(contextTokens, maxSequences);
  const handles: NativeHandles = { model, context, threadpool: attachThreads(library, context, threads) };
  const pooling = poolings[llama.llama_pooling_type(context)] ?? "none";
  const cpu = library.devices.find((device) => device.type === 0);
  const info: EngineInfo = {
    engine: "llama",
    device: `llama.cpp ${library.version}, ${cpu?.description ?? "CPU"}, ${threads} threads`,
    reason,
    architecture: metadata(library, model, "general.architecture") ?? "unknown",
    vocabularySize: llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model)),
    contextTokens,
    trainedContextTokens,
    maxSequences,
    maxBatchTokens: batchTokens,
    embeddingLength: llama.llama_model_n_embd_out(model),
    embeddingOnly: encoderOnly || Boolean(options.embedding),
    canTruncate: !llama.llama_model_is_recurrent(model) && !llama.llama_model_is_hybrid(model),
    memoryBytes: Number(llama.llama_model_size(model)),
  };
  const engine = new LlamaEngine({
    library,
    handles,
    info,
    pooling,
    microBatchTokens: embedding ? batchTokens : microBatchTokens,
    embeddingLength: info.embeddingLength,
    spareSequence: 0,
  });
  if (options.adapters?.length) engine.setAdapters(options.adapters);
  return engine;
}

/** Threads that wait spinning for the next token; llama.cpp would start new ones for each. */
function attachThreads(library: NativeLibrary, context: Deno.PointerValue, threads: number) {
  const pool = library.threadpools?.create(library.threadpoolParams(threads).bytes) ?? null;
  if (pool !== null) library.llama.llama_attach_threadpool(context, pool, null);
  return pool;
}

/** Encoders have no cache of earlier tokens; their metadata says that attention is not causal. */
function isEncoderOnly(library: NativeLibrary, model: Deno.PointerValue): boolean {
  const architecture = metadata(library, model, "general.architecture");
  return metadata(library, model, `${architecture}.attention.causal`) === "false";
}

/** One metadata value as text. */
function metadata({ llama }: NativeLibrary, model: Deno.PointerValue, key: string): string | undefined {
  const value = new Uint8Array(new ArrayBuffer(512));
  const length = llama.llama_model_meta_val_str(model, cString(key), value, BigInt(value.length));
  return length < 0 ? undefined : new TextDecoder().decode(value.subarray(0, Math.min(length, 511)));
}

function outOfMemory(contextTokens: number, maxSequences: number): SkiffError {
  return new SkiffError(
    "out_of_memory",
    `No memory for ${maxSequences} sequence(s) of ${contextTokens} tokens`,
    { hint: "Use a smaller context, fewer parallel requests, or a smaller cache type (q8_0)." },
  );
}

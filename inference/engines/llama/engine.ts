/** Loads a GGUF model with llama.cpp's prebuilt libraries. */
import { toSkiffError } from "../../../core/errors/skiff_error.ts";
import type { Engine, EngineOptions } from "../engine.ts";
import { installFiles, type InstallOptions } from "../packages/install.ts";
import { physicalCores } from "../threads.ts";
import { contextPooling, loadModel, makeContext, modelFacts, planContext } from "./context.ts";
import { chooseVariant, probeDevices, requireSet } from "./devices.ts";
import { embeddedSet, type LibrarySet } from "./library_set.ts";
import { LlamaEngine } from "./llama_engine.ts";
import { bufferBytes, type NativeLog } from "./log.ts";
import { type NativeLibrary, openLibrary, type OpenOptions } from "./native.ts";

export interface LlamaDependencies {
  /** Default: that of a GPU where one can be used, else the processor's. */
  set?: LibrarySet;
  /** Why this engine was chosen. */
  reason?: string;
  install?: InstallOptions;
  open?: OpenOptions;
}

/**
 * Installs and opens the libraries, then loads the model; blocks the thread while llama.cpp reads the file.
 *
 * Throws "corrupt" for a file that llama.cpp refuses, "out_of_memory", "unsupported" (an architecture that it
 * does not know, a machine without a library), and what `installFiles` throws.
 */
export async function loadLlamaEngine(
  options: EngineOptions,
  dependencies: LlamaDependencies = {},
): Promise<Engine> {
  const { library, deviceReason } = await readyLibrary(dependencies, options.gpuLayers);
  const { model, log } = loadModel(library, options);
  try {
    const reason = [dependencies.reason ?? "llama.cpp runs GGUF models", deviceReason].join("; ");
    return makeEngine(library, model, log, options, reason);
  } catch (error) {
    library.llama.llama_model_free(model);
    throw error;
  }
}

/**
 * The libraries, installed, verified and opened: those of the best device, and the processor's when they cannot
 * be had. Once one is opened there is no way back (two copies of ggml end a process), so a GPU library that finds no GPU computes on the processor.
 */
async function readyLibrary(dependencies: LlamaDependencies, gpuLayers?: number) {
  const nativeLog = dependencies.open?.nativeLog ?? Boolean(Deno.env.get("SKIFF_DEBUG"));
  const open = async (set: LibrarySet) =>
    openLibrary(await installFiles(set, dependencies.install), set, { nativeLog });
  if (dependencies.set) return { library: await open(dependencies.set), deviceReason: "as set" };
  const choice = chooseVariant(probeDevices(), gpuLayers);
  const fallback = embeddedSet() ?? requireSet("cpu");
  if (choice.variant === fallback.variant) {
    return { library: await open(fallback), deviceReason: choice.reason };
  }
  let folder: string;
  try {
    folder = await installFiles(requireSet(choice.variant), dependencies.install);
    for (const name of choice.preload) Deno.dlopen(name, {});
  } catch (error) {
    const { message } = toSkiffError(error);
    return { library: await open(fallback), deviceReason: `the processor: ${choice.reason}, but ${message}` };
  }
  const library = openLibrary(folder, requireSet(choice.variant), { nativeLog });
  const found = library.devices.some(({ type }) => type === 1 || type === 2);
  const deviceReason = found ? choice.reason : `the processor, since ${choice.variant} found no device`;
  return { library, deviceReason };
}

function makeEngine(
  library: NativeLibrary,
  model: Deno.PointerValue,
  modelLog: NativeLog,
  options: EngineOptions,
  reason: string,
): Engine {
  const facts = modelFacts(library, model);
  const plan = planContext(options, { ...facts, threads: physicalCores() });
  const { context, log } = makeContext(library, model, plan, options);
  const engine = new LlamaEngine({
    library,
    handles: { model, context, threadpool: attachThreads(library, context, plan.threads) },
    pooling: contextPooling(library, context),
    outputRows: plan.outputRows,
    embeddingSequences: plan.embedding ? plan.sequences : 0,
    info: {
      engine: "llama",
      device: deviceName(library, options, plan.threads),
      reason,
      architecture: facts.architecture,
      vocabularySize: facts.vocabularySize,
      contextTokens: plan.contextTokens,
      trainedContextTokens: facts.trainedContextTokens,
      maxSequences: options.maxSequences,
      maxBatchTokens: plan.batchTokens,
      embeddingLength: facts.embeddingLength,
      embeddingOnly: plan.embedding,
      canTruncate: facts.canTruncate,
      memoryBytes: bufferBytes(modelLog, log) || facts.weightBytes,
    },
  });
  if (options.adapters?.length) engine.setAdapters(options.adapters);
  return engine;
}

/**
 * Threads that wait spinning for the next token, as llama-server has them; without them ggml starts new threads
 * for each token.
 */
function attachThreads(library: NativeLibrary, context: Deno.PointerValue, threads: number) {
  const pool = library.threadpools?.create(library.threadpoolParams(threads).bytes) ?? null;
  if (pool !== null) library.llama.llama_attach_threadpool(context, pool, null);
  return pool;
}

function deviceName(library: NativeLibrary, { gpuLayers }: EngineOptions, threads: number): string {
  const gpus = gpuLayers === 0 ? [] : library.devices.filter(({ type }) => type === 1 || type === 2);
  const cpu = library.devices.find(({ type }) => type === 0)?.description ?? "CPU";
  const names = gpus.length > 0 ? gpus.map(({ description }) => description).join(" + ") : cpu;
  return `llama.cpp ${library.version}, ${names}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
}

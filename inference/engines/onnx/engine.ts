/** Loads an ONNX model with onnxruntime-web, through transformers.js. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import {
  embeddingLength,
  type HubConfig,
  type OnnxTask,
  poolingOf,
  readConfig,
  readJson,
  taskOf,
  trainedContext,
} from "../../onnx/config.ts";
import { chooseVariant, type OnnxVariant } from "../../onnx/layout.ts";
import type { Engine, EngineInfo, EngineOptions } from "../engine.ts";
import type { InstallOptions } from "../packages/install.ts";
import { physicalCores } from "../threads.ts";
import { loadFailure } from "./failures.ts";
import { modelName, type OnnxDevice, openRuntime } from "./runtime.ts";
import { graphOf, OnnxTextEngine } from "./text_engine.ts";
import type { AutoModel, PreTrainedModel, Session, Transformers } from "./transformers.ts";
import { givesVectors, OnnxVectorEngine } from "./vector_engine.ts";

export interface OnnxDependencies {
  /** Why this engine was chosen. */
  reason?: string;
  /** Default: "wasm". */
  device?: OnnxDevice;
  /** What the device is called, for people. */
  deviceName?: string;
  install?: InstallOptions;
}

/** Where neither the request nor the model says how long a text may be. */
const fallbackContext = 2048;
/** Logits of one run of the graph: bytes. */
const largestLogits = 128 * 2 ** 20;
const wasmThreads = 8;

/** A model that is being loaded: its files, what they say, what it is to do. */
interface Opening {
  files: Record<string, string>;
  config: HubConfig;
  variant: OnnxVariant;
  task: OnnxTask;
}

/**
 * `options.files` are the model's files by their names in the layout (inference/onnx/layout.ts).
 *
 * Throws "unsupported" (no such architecture, an operation that onnxruntime-web does not have, a model of other
 * things than text), "corrupt", "out_of_memory", and what `installFiles` throws.
 */
export async function loadOnnxEngine(
  options: EngineOptions,
  { reason = "onnxruntime runs ONNX models", device = "wasm", deviceName, install }: OnnxDependencies = {},
): Promise<Engine> {
  const files = options.files ?? {};
  const config = await readConfig(files);
  const names = Object.keys(files);
  const task = wantedTask(config, options);
  const variant = chooseVariant(names, { generates: task === "text", name: "the model" });
  const opening = { files, config, variant, task };
  const threads = Math.min(options.threads || physicalCores(), wasmThreads);
  options.onProgress?.(0);
  const read = (name: string) => readFile(files, name, variant, options.onProgress);
  const transformers = await openRuntime({ device, threads, read, install });
  const model = await loadModel(transformers, opening, device, threads);
  try {
    options.onProgress?.(1);
    const [version] = transformers.env.backends.onnx.versions.web.split("-");
    const where = device === "webgpu"
      ? `WebGPU (${deviceName ?? "default adapter"})`
      : `WASM, ${threads} ${threads === 1 ? "thread" : "threads"}`;
    const info = await describe(opening, options, { device: `onnxruntime ${version}, ${where}`, reason });
    return makeEngine(transformers, model, opening, options, info);
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/** An encoder has nothing to say, so that it is loaded for vectors even where text is asked for. */
function wantedTask(config: HubConfig, { embedding, pooling }: EngineOptions): OnnxTask {
  const task = taskOf(config);
  if (pooling === "rank" && task !== "scores") {
    throw new SkiffError("unsupported", "This model is no reranker", {
      hint: "A reranker's config.json names a class …ForSequenceClassification.",
    });
  }
  if (config.is_encoder_decoder) {
    throw new SkiffError("unsupported", "Models with an encoder and a decoder are not run", {
      hint: "Use a decoder (Llama, Qwen, Gemma…) or an encoder (BERT…).",
    });
  }
  return task === "text" && embedding ? "vectors" : task;
}

async function loadModel(
  transformers: Transformers,
  { files, config, variant, task }: Opening,
  device: OnnxDevice,
  threads: number,
): Promise<PreTrainedModel> {
  const generates = task === "text";
  if (generates && !transformers.AutoModelForCausalLM.supports(config.model_type ?? "")) {
    throw loadFailure(new Error(`Unsupported model type: ${config.model_type}`));
  }
  if (Object.keys(files).some((name) => /(^|\/)embed_tokens[^/]*\.onnx$/.test(name))) {
    throw new SkiffError("unsupported", "Models whose text is embedded in a graph of its own are not run", {
      hint: "Those are models of images or sound; use a text model.",
    });
  }
  const classes: Record<OnnxTask, AutoModel> = {
    text: transformers.AutoModelForCausalLM,
    vectors: transformers.AutoModel,
    scores: transformers.AutoModelForSequenceClassification,
  };
  let model: PreTrainedModel;
  try {
    model = await classes[task].from_pretrained(modelName, {
      dtype: variant.dtype,
      device,
      subfolder: variant.folder,
      ...(variant.stem === "model" ? {} : { model_file_name: variant.stem }),
      use_external_data_format: variant.data.length > 0 ? variant.data.length : false,
      session_options: { intraOpNumThreads: threads },
    });
  } catch (error) {
    throw loadFailure(error);
  }
  const problem = problemOf(graphOf(model), task);
  if (problem === undefined) return model;
  await model.dispose();
  throw new SkiffError("unsupported", problem, { hint: "Use another export of the model." });
}

/** Why a graph cannot do what is wanted of it. */
function problemOf({ inputNames, outputNames }: Session, task: OnnxTask): string | undefined {
  if (task === "text") {
    if (!outputNames.includes("logits")) return "The model's graph gives no logits";
    if (!inputNames.some((name) => name.startsWith("past"))) {
      return "The model's graph has no inputs for keys and values: it was exported without a cache";
    }
  }
  if (task === "vectors" && !givesVectors(outputNames)) {
    return `The model's graph gives no vectors, only ${outputNames.slice(0, 3).join(", ")}`;
  }
  return task === "scores" && !outputNames.includes("logits")
    ? "The model's graph gives no scores"
    : undefined;
}

async function readFile(
  files: Record<string, string>,
  name: string,
  variant: OnnxVariant,
  onProgress?: (fraction: number) => void,
): Promise<Response> {
  const path = files[name];
  if (path === undefined) return new Response(null, { status: 404 });
  const file = await Deno.open(path);
  const { size } = await file.stat();
  let done = 0;
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(piece, controller) {
      done += piece.length;
      if (name === variant.graph || variant.data.includes(name)) onProgress?.(0.9 * done / size);
      controller.enqueue(piece);
    },
  });
  return new Response(file.readable.pipeThrough(counted), { headers: { "content-length": String(size) } });
}

async function describe(
  { files, config, variant, task }: Opening,
  options: EngineOptions,
  { device, reason }: { device: string; reason: string },
): Promise<EngineInfo> {
  const trained = trainedContext(config);
  const contextTokens = options.contextTokens > 0
    ? Math.min(options.contextTokens, trained ?? Infinity)
    : trained ?? fallbackContext;
  const sizes = [variant.graph, ...variant.data].map(async (name) => (await Deno.stat(files[name])).size);
  return {
    engine: "onnx",
    device,
    reason: `${reason} (${variant.dtype})`,
    architecture: config.model_type ?? "unknown",
    vocabularySize: config.vocab_size ?? config.text_config?.vocab_size ?? 0,
    contextTokens,
    trainedContextTokens: trained ?? contextTokens,
    maxSequences: options.maxSequences,
    maxBatchTokens: Math.min(options.batchTokens ?? 2048, task === "text" ? Infinity : contextTokens),
    embeddingLength: embeddingLength(config),
    embeddingOnly: task !== "text",
    canTruncate: true,
    memoryBytes: (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0),
  };
}

async function makeEngine(
  transformers: Transformers,
  model: PreTrainedModel,
  { files, task, config }: Opening,
  options: EngineOptions,
  info: EngineInfo,
): Promise<Engine> {
  if (task !== "text") {
    const own = poolingOf(
      await readJson(files, "1_Pooling/config.json"),
      task === "scores" ? task : taskOf(config),
    );
    return new OnnxVectorEngine({ transformers, model, info, pooling: options.pooling ?? own });
  }
  const cache = graphOf(model).inputMetadata.filter(({ name }) => name.startsWith("past"));
  const rowBytes = info.vocabularySize * 4;
  return new OnnxTextEngine({
    transformers,
    model,
    info: { ...info, canTruncate: cache.every(isOfPositions) },
    cacheTokens: options.cacheTokens ?? info.contextTokens * options.maxSequences,
    microBatchTokens: Math.max(1, Math.min(options.microBatchTokens ?? 512, largestLogits / rowBytes | 0)),
  });
}

/** Keys and values of each position; a state of convolutions or recurrences is of all of them together. */
function isOfPositions({ name, shape }: Session["inputMetadata"][number]): boolean {
  return /^past_key_values\.\d+\.(decoder\.)?(key|value)$/.test(name) && shape?.length === 4;
}

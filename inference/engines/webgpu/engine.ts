/** Loads a GGUF model on the GPU that WebGPU offers, with our own kernels. */
import { SkiffError, toSkiffError } from "../../../core/errors/skiff_error.ts";
import { type Gguf, openGguf } from "../../gguf/mod.ts";
import type { Engine, EngineOptions, Pooling } from "../engine.ts";
import { ModelKeys } from "./architectures/model_keys.ts";
import { architectures } from "./architectures/registry.ts";
import { type GpuDevice, openGpuDevice } from "./device/gpu_device.ts";
import { loadModel } from "./execution/load_model.ts";
import { type ExecutionSizes, memoryNeed } from "./execution/memory_need.ts";
import type { Model } from "./execution/model.ts";
import { pagesOf } from "./execution/page_table.ts";
import { Graph } from "./graph/graph.ts";
import type { ForwardPass } from "./graph/nodes.ts";
import { type PassPlan, planPass } from "./graph/plan.ts";
import { type CacheType, tileQueries } from "./kernels/attention.ts";
import { activationKind } from "./kernels/matmul.ts";
import { WebgpuEngine } from "./webgpu_engine.ts";
import { weightTypes } from "./weights/weight_matrix.ts";

export interface WebgpuDependencies {
  /** Why this engine was chosen. */
  reason?: string;
  /** Gives the GPU; asked again when one was lost. Default: the machine's, opened anew and closed with the engine. */
  openGpu?: () => Promise<GpuDevice>;
}

/** Whether this engine computes a model, and why not; reads nothing but the header and opens no GPU. */
export function supports(gguf: Gguf): { ok: true } | { ok: false; reason: string } {
  try {
    planPass(forwardPass(gguf, 512), () => "f32");
    return { ok: true };
  } catch (error) {
    return { ok: false, reason: toSkiffError(error).message };
  }
}

/** The pass of a model whose sequences hold `contextTokens`. Throws "unsupported" and "corrupt". */
export function forwardPass(gguf: Gguf, contextTokens: number): ForwardPass {
  const name = gguf.metadata.string("general.architecture") ?? "";
  const architecture = architectures.get(name);
  if (architecture === undefined) {
    throw new SkiffError("unsupported", `The WebGPU engine does not know the architecture "${name}"`, {
      hint: "llama.cpp may: use --engine llama.",
    });
  }
  const graph = new Graph(gguf, new Set<string>(weightTypes), contextTokens);
  architecture.forward(graph, architecture.configure(new ModelKeys(gguf)));
  return graph.pass();
}

/**
 * Opens the GPU and loads the model; its device is closed with the engine.
 *
 * Throws "unsupported" (no GPU, an architecture, a tensor type or a setting that is not computed here), "corrupt" for
 * a damaged file, "out_of_memory" with figures when it does not fit.
 */
export async function loadWebgpuEngine(
  options: EngineOptions,
  dependencies: WebgpuDependencies = {},
): Promise<Engine> {
  refuseSettings(options);
  const gguf = await openGguf(options.shardPaths ?? options.modelPath);
  const sizes = planSizes(gguf, options);
  const pass = forwardPass(gguf, sizes.contextTokens);
  const { openGpu } = dependencies;
  const load = async (onProgress?: (fraction: number) => void) => {
    const gpu = await (openGpu ?? openGpuDevice)();
    try {
      return await loadOn(gpu, gguf, pass, sizes, Boolean(options.embedding), onProgress);
    } catch (error) {
      if (!openGpu) gpu.close();
      throw error;
    }
  };
  const model = await load(options.onProgress);
  return new WebgpuEngine({
    model,
    closeDevice: openGpu === undefined,
    pooling: poolingOf(gguf, options),
    tileQueries: tileQueries(pass.attentions[0].shape.headSize),
    reload: () => load(),
    info: {
      engine: "webgpu",
      device: `WebGPU, ${model.gpu.facts.description}`,
      reason: dependencies.reason ?? "it was asked for",
      architecture: gguf.metadata.string("general.architecture")!,
      vocabularySize: pass.vocabularySize,
      contextTokens: sizes.contextTokens,
      trainedContextTokens: trainedContext(gguf),
      maxSequences: options.maxSequences,
      maxBatchTokens: options.embedding
        ? Math.min(options.batchTokens ?? 2048, sizes.contextTokens)
        : options.batchTokens ?? 2048,
      embeddingLength: pass.width,
      embeddingOnly: Boolean(options.embedding),
      canTruncate: true,
      memoryBytes: model.bytes,
    },
  });
}

/** The plan for this GPU, checked against what it can hold, and the model on it. */
async function loadOn(
  gpu: GpuDevice,
  gguf: Gguf,
  pass: ForwardPass,
  asked: ExecutionSizes,
  embedding: boolean,
  onProgress?: (fraction: number) => void,
): Promise<Model> {
  const nodes = embedding ? pass.nodes.filter(({ op }) => op !== "logits") : pass.nodes;
  const plan = planPass({ ...pass, nodes }, (type) => activationKind(type, gpu.features));
  const rowBytes = nodes.at(-1)!.out.width * 4;
  const wantedRows = Math.min(asked.wantedRows, Math.max(1, Math.floor(gpu.limits.bindingBytes / rowBytes)));
  const sizes = { ...asked, wantedRows };
  refuseTooLarge(gpu, plan, sizes);
  return await loadModel(gpu, gguf, plan, sizes, onProgress);
}

function refuseSettings({ adapters, cacheType, gpuLayers, modelPath }: EngineOptions): void {
  const refuse = (what: string) => {
    throw new SkiffError("unsupported", `Cannot run "${modelPath}" with WebGPU: ${what}`, {
      hint: "Use --engine llama.",
    });
  };
  if (adapters?.length) refuse("LoRA adapters are not applied by this engine");
  if (cacheType === "q4_0") refuse("its cache of keys and values is f16, f32 or q8_0, not q4_0");
  if (gpuLayers !== undefined && gpuLayers === 0) refuse("no layer may be on the GPU");
}

function trainedContext(gguf: Gguf): number {
  return new ModelKeys(gguf).count("context_length");
}

/** Inputs that are embedded in one batch. */
const embeddingSequences = 16;

/** Sizes from what is asked for. An input for embedding lies in one batch, and several do together. */
function planSizes(gguf: Gguf, options: EngineOptions): ExecutionSizes {
  const batchTokens = options.batchTokens ?? 2048;
  const asked = options.contextTokens || trainedContext(gguf);
  const contextTokens = options.embedding ? Math.min(asked, batchTokens) : asked;
  const sequences = options.embedding ? embeddingSequences : options.maxSequences;
  const whole = pagesOf(contextTokens) * sequences;
  const cacheTokens = options.embedding ? batchTokens : options.cacheTokens;
  const microRows = Math.min(options.microBatchTokens ?? 512, batchTokens);
  return {
    contextTokens,
    sequences,
    // each sequence may leave its last page half empty
    pages: cacheTokens === undefined
      ? whole
      : Math.min(whole, pagesOf(Math.max(cacheTokens, contextTokens)) + sequences - 1),
    cacheType: options.cacheType as CacheType | undefined ?? "f16",
    microRows,
    wantedRows: Math.min(microRows, mostWantedRows),
  };
}

/** Rows of logits that a micro-batch can have; one that wants more is computed in parts. */
const mostWantedRows = 64;

/** What WebGPU tells of a GPU's memory is the size of a binding; a software adapter has the machine's. */
function refuseTooLarge(gpu: GpuDevice, plan: PassPlan, sizes: ExecutionSizes): void {
  const need = memoryNeed(plan, sizes);
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const refuse = (message: string, details: Record<string, number>) => {
    throw new SkiffError("out_of_memory", message, {
      hint: "Use a smaller context, fewer parallel requests or a smaller quantisation, or --engine llama.",
      details,
    });
  };
  const { bindingBytes, bufferBytes } = gpu.limits;
  const most = Math.min(bindingBytes, bufferBytes);
  if (need.largestCache > most) {
    refuse(
      `The keys of a layer take ${gib(need.largestCache)} at this context; this GPU binds at most ${
        gib(most)
      }`,
      { needed_bytes: need.largestCache, available_bytes: most },
    );
  }
  const available = gpu.features.software ? Deno.systemMemoryInfo().available : Infinity;
  if (need.total > available) {
    refuse(
      `The model needs ${gib(need.total)} (weights ${gib(need.weights)}, cache ${gib(need.cache)}, work ${
        gib(need.work)
      }); ${gib(available)} are available`,
      { needed_bytes: need.total, available_bytes: available },
    );
  }
}

const poolings: Pooling[] = ["none", "mean", "cls", "last", "rank"]; // the numbers of `pooling_type`

function poolingOf(gguf: Gguf, { pooling }: EngineOptions): Pooling {
  const own = new ModelKeys(gguf).optional("pooling_type");
  return pooling ?? poolings[own ?? 1] ?? "mean";
}

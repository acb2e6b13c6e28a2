/** From a stored model and its settings to what a runner is told to load. */
import type { Gguf } from "../gguf/mod.ts";
import type { ModelFiles } from "../store/model_store.ts";
import type { StoredModel } from "../store/model.ts";
import { type ParsedFlags, parseFlags } from "./flags.ts";
import type { ModelSettings, RunnerMode } from "./host.ts";
import type { MemoryNeed } from "./memory_plan.ts";
import type { RunnerConfiguration } from "./protocol.ts";

/** Answers that are decoded together unless a model is configured otherwise. */
const defaultParallel = 8;
const defaultQueueLimit = 512;
/** Context of a model that is not configured: its own, but no more than this, for the cache is filled at once. */
const largestDefaultContext = 32_768;
/** Positions that running answers share at least, so that short contexts can run beside each other. */
const sharedContext = 8192;
/** Longest input of an embedding model that is computed at once. */
const largestEmbeddingInput = 8192;
/** Where neither the package nor the file says what the model can. */
const fallbackContext = 4096;

export interface LoadRequest {
  configuration: RunnerConfiguration;
  need: MemoryNeed;
  flags: ParsedFlags;
}

/** The name that messages and logs use. */
export function modelName({ tags, id }: StoredModel): string {
  return tags[0]?.replace(/^docker\.io\//, "").replace(/:latest$/, "") ?? id.slice(0, 19);
}

/** Throws "invalid_input" for flags that are refused. */
export async function planLoad(
  model: StoredModel,
  mode: RunnerMode,
  settings: ModelSettings,
  files: ModelFiles,
): Promise<LoadRequest> {
  const flags = parseFlags(settings["runtime-flags"] ?? []);
  const gguf = files.onnx ? undefined : await header(files.weights);
  const trained = trainedContext(gguf) ?? model.config.context_size ?? fallbackContext;
  const asked = settings["context-size"] ?? flags.configuration.contextTokens;
  const explicit = asked !== undefined && asked > 0;
  const own = Math.min(model.config.context_size ?? trained, trained, largestDefaultContext);
  const contextTokens = explicit ? asked : asked === undefined ? own : trained;
  const asksForParallel = settings.parallel ?? flags.configuration.parallel ?? defaultParallel;
  const parallel = mode === "completion" ? asksForParallel : 1;
  const configuration: RunnerConfiguration = {
    model: modelName(model),
    modelPath: files.weights[0],
    ...(files.onnx
      ? { files: files.onnx }
      : { shardPaths: files.weights.length > 1 ? files.weights : undefined }),
    chatTemplatePath: files.chatTemplate,
    engine: settings.engine ?? "auto",
    mode,
    queueLimit: defaultQueueLimit,
    batchTokens: mode === "completion" ? undefined : Math.min(contextTokens, largestEmbeddingInput),
    ...flags.configuration,
    contextTokens,
    parallel,
    adapters: files.adapters.map((path) => ({ path, scale: 1 })),
    defaults: flags.defaults,
  };
  const size = files.onnx
    ? await onnxBytes(files.onnx, model, configuration)
    : await bytes(gguf, model, configuration);
  const need = { contextTokens, explicit, ...size };
  return { configuration, need, flags };
}

/** Undefined for a file whose header cannot be read: the runner will say what is wrong with it. */
async function header(paths: string[]): Promise<Gguf | undefined> {
  const { openGguf } = await import("../gguf/mod.ts");
  return await openGguf(paths).catch(() => undefined);
}

function trainedContext(gguf: Gguf | undefined): number | undefined {
  const architecture = gguf?.metadata.string("general.architecture");
  return gguf?.metadata.number(`${architecture}.context_length`);
}

async function bytes(
  gguf: Gguf | undefined,
  model: StoredModel,
  { mode, cacheType, parallel }: RunnerConfiguration,
): Promise<Pick<MemoryNeed, "weights" | "cache">> {
  if (!gguf) return { weights: model.size, cache: () => 0 };
  const { kvBytes, weightBytes } = await import("../gguf/mod.ts");
  const type = (cacheType ?? "f16").toUpperCase();
  return {
    weights: weightBytes(gguf),
    cache(contextTokens) {
      const all = cacheTokensOf(contextTokens, parallel);
      return mode === "completion" ? kvBytes(gguf, { contextTokens: all, cacheType: type }) : 0;
    },
  };
}

/** onnxruntime copies the weights out of the file's bytes; keys and values are float32 beside them. */
async function onnxBytes(
  files: Record<string, string>,
  model: StoredModel,
  { mode, parallel }: RunnerConfiguration,
): Promise<Pick<MemoryNeed, "weights" | "cache">> {
  const weights = model.size * 2;
  if (mode !== "completion") return { weights, cache: () => 0 };
  const { kvBytesPerToken, readConfig } = await import("../onnx/config.ts");
  const perToken = kvBytesPerToken(await readConfig(files));
  return { weights, cache: (contextTokens) => cacheTokensOf(contextTokens, parallel) * perToken };
}

/** Positions of all sequences together: they share one cache, and one of them alone can have all its context. */
export function cacheTokensOf(contextTokens: number, parallel: number): number {
  return Math.max(contextTokens, Math.min(contextTokens * parallel, sharedContext));
}

/** What a model needs in memory: its weights, and the key-value cache by positions. */
import type { Gguf } from "./open_gguf.ts";
import { tensorType } from "./tensor_types.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";

/** Bytes of all tensors. */
export function weightBytes(gguf: Gguf): number {
  return gguf.tensors.reduce((sum, tensor) => sum + tensor.byteLength, 0);
}

/** The key-value cache of one layer. */
interface LayerCache {
  /** Values (keys and values together) that one position takes. */
  elements: number;
  /** Positions that the layer looks back at; Infinity = all. */
  window: number;
}

/**
 * Bytes of cache that one more position costs, all layers together, windows left aside. 0 for models without
 * a key-value cache. `cacheType` is a tensor type's name ("F16", "Q8_0").
 */
export function kvBytesPerToken(gguf: Gguf, cacheType = "F16"): number {
  const elements = cacheLayers(gguf).reduce((sum, layer) => sum + layer.elements, 0);
  return elements * bytesPerElement(cacheType);
}

/**
 * Bytes of cache for one sequence of `contextTokens` positions. Layers with a sliding window keep no more
 * than the window and one batch, unless `fullWindow` (llama.cpp's swa_full) keeps all.
 */
export function kvBytes(
  gguf: Gguf,
  options: { contextTokens: number; cacheType?: string; batchTokens?: number; fullWindow?: boolean },
): number {
  const { contextTokens, cacheType = "F16", batchTokens = 512, fullWindow = false } = options;
  const elements = cacheLayers(gguf).reduce((sum, layer) => {
    const kept = fullWindow ? contextTokens : Math.min(contextTokens, layer.window + batchTokens);
    return sum + layer.elements * kept;
  }, 0);
  return elements * bytesPerElement(cacheType);
}

function bytesPerElement(cacheType: string): number {
  const type = tensorType(cacheType);
  if (!type) throw new SkiffError("invalid_input", `There is no tensor type ${cacheType} for the cache`);
  return type.blockBytes / type.blockSize;
}

function cacheLayers({ metadata }: Gguf): LayerCache[] {
  const architecture = metadata.string("general.architecture") ?? "";
  const key = (name: string) => `${architecture}.${name}`;
  const number = (name: string) => metadata.number(key(name));
  const layers = number("block_count") ?? 0;
  const heads = perLayer(metadata.get(key("attention.head_count")), layers);
  const kvHeads = perLayer(metadata.get(key("attention.head_count_kv")), layers) ?? heads;
  // Encoders keep no cache.
  if (!heads || !kvHeads || metadata.get(key("attention.causal")) === false) return [];
  const width = number("embedding_length") ?? 0;
  const window = number("attention.sliding_window") ?? 0;
  const windowed = windowedLayers(
    architecture,
    metadata.get(key("attention.sliding_window_pattern")),
    layers,
  );
  return Array.from({ length: layers }, (_, i) => {
    const perHead = heads[i] > 0 ? width / heads[i] : 0;
    const inWindow = window > 0 && windowed[i];
    const length = (name: string) =>
      (inWindow ? number(`attention.${name}_swa`) : undefined) ?? number(`attention.${name}`) ?? perHead;
    return {
      elements: kvHeads[i] * (length("key_length") + length("value_length")),
      window: inWindow ? window : Infinity,
    };
  });
}

/** A value that is given once for all layers or for each. */
function perLayer(value: unknown, layers: number): number[] | undefined {
  if (typeof value === "number") return new Array(layers).fill(value);
  if (!ArrayBuffer.isView(value)) return undefined;
  const list = Array.from(value as unknown as ArrayLike<number | bigint>, Number);
  return Array.from({ length: layers }, (_, i) => list[i] ?? 0);
}

/** Architectures whose files may not say it: every n-th layer sees everything, the others have a window. */
const windowPeriods: Record<string, number> = {
  cohere2: 4,
  exaone4: 4,
  gemma2: 2,
  gemma3: 6,
  gemma3n: 5,
  "gemma-embedding": 6,
  "gpt-oss": 2,
  olmo2: 4,
};

/** Which layers have a window. The pattern is a flag for each layer, or a period n (0 = every layer has one). */
function windowedLayers(architecture: string, pattern: unknown, layers: number): boolean[] {
  if (ArrayBuffer.isView(pattern)) return perLayer(pattern, layers)!.map((flag) => flag !== 0);
  const period = typeof pattern === "number" ? pattern : windowPeriods[architecture] ?? 1;
  return Array.from({ length: layers }, (_, i) => period === 0 || i % period < period - 1);
}

/** A model in two engines: ours on WebGPU, and llama.cpp on the processor, whose logits are the truth. */
import { loadLlamaEngine } from "../../../../inference/engines/llama/engine.ts";
import type { Batch, Engine, EngineOptions } from "../../../../inference/engines/engine.ts";
import { loadWebgpuEngine } from "../../../../inference/engines/webgpu/engine.ts";
import { testGpu } from "../../../support/gpu.ts";
import { llamaLibrary } from "../../../support/llama_library.ts";
import { batchOf } from "../engine_suite.ts";

export interface ModelPair {
  webgpu: Engine;
  llama: Engine;
  close(): void;
}

export type PairOptions = Partial<EngineOptions> & {
  /** What llama.cpp loads, if it is another file. */
  oraclePath?: string;
  /** Ours takes the kernels that it has for hardware, on whatever adapter is there. */
  asHardware?: boolean;
};

/**
 * llama.cpp computes without flash attention, whose values are rounded to f16 on the processor, and shares its cache
 * of no more than one context, so that factors of rotation are chosen by that context.
 */
export async function openPair(
  modelPath: string,
  { oraclePath = modelPath, asHardware: _, ...options }: PairOptions = {},
): Promise<ModelPair> {
  const gpu = await testGpu();
  const { set, root } = await llamaLibrary();
  const whole = { modelPath, contextTokens: 128, maxSequences: 4, batchTokens: 512, ...options };
  const llama = await loadLlamaEngine(
    {
      cacheTokens: whole.contextTokens,
      flashAttention: false,
      threads: 2,
      ...whole,
      modelPath: oraclePath,
    },
    { set, install: { root } },
  );
  const webgpu = await loadWebgpuEngine(whole, { openGpu: () => Promise.resolve(gpu) });
  return {
    webgpu,
    llama,
    close() {
      webgpu.close();
      llama.close();
    },
  };
}

/** Provides what a pair needs: the model's file, a GPU, llama.cpp. */
export async function pairParts(modelPath: Promise<string>): Promise<string> {
  await Promise.all([testGpu(), llamaLibrary()]);
  return await modelPath;
}

/** Opens the pair for the length of `body`. */
export async function withPair(
  modelPath: string,
  options: PairOptions,
  body: (pair: ModelPair) => Promise<void>,
): Promise<void> {
  const features = (await testGpu()).features as { software: boolean };
  const { software } = features;
  if (options.asHardware) features.software = false;
  try {
    const pair = await openPair(modelPath, options);
    await body(pair).finally(() => pair.close());
  } finally {
    features.software = software;
  }
}

/** Tokens of one sequence from a position on; the logits of all, or of the last, wanted. */
export function textBatch(
  tokens: readonly number[],
  sequence = 0,
  first = 0,
  wanted: "all" | "last" = "all",
): Batch {
  return batchOf(
    tokens.map((
      token,
      i,
    ) => [token, first + i, sequence, wanted === "all" || i === tokens.length - 1 ? 1 : 0]),
  );
}

export async function rowsOf(engine: Engine, batch: Batch): Promise<Float32Array[]> {
  const logits = await engine.decode(batch);
  return Array.from({ length: logits.rows }, (_, i) => logits.row(i).slice());
}

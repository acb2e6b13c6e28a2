/** Which engine runs a model: decided from what was asked for, what the model is and what the machine has. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { EngineName } from "./engine.ts";

export type ModelFormat = "gguf" | "onnx";

/** What is known of the machine without opening any GPU. */
export interface MachineFacts {
  /** NVIDIA's driver and CUDA's libraries are there, so that llama.cpp's CUDA library can run. */
  cuda: boolean;
  /** There is a device that may be a GPU: only then is it worth asking WebGPU for an adapter. */
  gpuNode: boolean;
}

/** How to begin. What comes of it is known only when the adapter was asked. */
export interface EnginePlan {
  engine: EngineName;
  /** One sentence for people. */
  reason: string;
  /** Whether WebGPU is asked for an adapter: never, or for hardware only, or for whatever there is. */
  adapter: "none" | "hardware" | "any";
}

/** The engine to begin with. Throws "unsupported" when the one that was asked for cannot run such models. */
export function planEngine(
  requested: "auto" | EngineName,
  format: ModelFormat,
  machine: MachineFacts,
  { gpuLayers }: { gpuLayers?: number } = {},
): EnginePlan {
  const plan = (engine: EngineName, reason: string, adapter: EnginePlan["adapter"] = "none") => ({
    engine,
    reason,
    adapter,
  });
  const noGpu = gpuLayers === 0;
  if (format === "onnx") {
    if (requested === "llama") throw cannotRun("llama", "ONNX", "auto, onnx and webgpu");
    if (requested === "webgpu") return plan("onnx", "WebGPU was asked for", "any");
    const reason = requested === "onnx" ? "it was asked for" : "onnxruntime runs ONNX models";
    return plan("onnx", reason, machine.gpuNode && !noGpu ? "hardware" : "none");
  }
  if (requested === "onnx") throw cannotRun("onnx", "GGUF", "auto, llama and webgpu");
  if (requested === "llama") return plan("llama", "it was asked for");
  if (requested === "webgpu") return plan("webgpu", "it was asked for", "any");
  if (noGpu) return plan("llama", "no layers were asked for on a GPU");
  if (machine.cuda) return plan("llama", "llama.cpp has CUDA here");
  if (machine.gpuNode) return plan("webgpu", "a GPU was found", "hardware");
  return plan("llama", "llama.cpp runs GGUF models");
}

function cannotRun(engine: EngineName, format: string, others: string): SkiffError {
  return new SkiffError("unsupported", `The engine "${engine}" cannot run ${format} models`, {
    hint: `Engines for them: ${others}; leave --engine out to have one chosen.`,
  });
}

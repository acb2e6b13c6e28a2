/** Which engine runs a model, and loading it. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { Engine, EngineName, EngineOptions } from "./engine.ts";

export interface ModelFacts {
  format: "gguf" | "onnx";
}

export interface EngineChoice {
  engine: EngineName;
  /** One sentence for people. */
  reason: string;
}

/** The engines of this build and the formats they read, best first. */
const engines: { engine: EngineName; format: ModelFacts["format"]; reason: string }[] = [
  { engine: "llama", format: "gguf", reason: "llama.cpp runs GGUF models" },
  { engine: "onnx", format: "onnx", reason: "onnxruntime runs ONNX models" },
];

/** The engine for a model. Throws "unsupported" when the requested one, or one for the format, is not there. */
export function selectEngine(requested: "auto" | EngineName, model: ModelFacts): EngineChoice {
  const fitting = engines.filter(({ format }) => format === model.format);
  const chosen = requested === "auto" ? fitting[0] : fitting.find(({ engine }) => engine === requested);
  if (chosen !== undefined) {
    return { engine: chosen.engine, reason: requested === "auto" ? chosen.reason : "it was asked for" };
  }
  const names = engines.map(({ engine }) => engine).join(", ");
  if (requested === "auto") {
    throw new SkiffError("unsupported", `No engine of this build runs ${model.format.toUpperCase()} models`, {
      hint: `Its engines are: ${names}. Use a GGUF variant of the model.`,
    });
  }
  const known = engines.some(({ engine }) => engine === requested);
  const reason = known ? `cannot run ${model.format.toUpperCase()} models` : "is not part of this build";
  throw new SkiffError("unsupported", `The engine "${requested}" ${reason}`, {
    hint: `Engines of this build: ${names}; leave --engine out to have one chosen.`,
  });
}

/** Loads a model with the engine that `selectEngine` chooses. Throws what the engine's loader throws. */
export async function loadEngine(
  options: EngineOptions & { engine?: "auto" | EngineName },
): Promise<Engine> {
  const format = options.files ? "onnx" : "gguf";
  const { engine, reason } = selectEngine(options.engine ?? "auto", { format });
  if (engine === "onnx") {
    const { loadOnnxEngine } = await import("./onnx/engine.ts");
    return await loadOnnxEngine(options, { reason });
  }
  const { loadLlamaEngine } = await import("./llama/engine.ts");
  return await loadLlamaEngine(options, { reason });
}

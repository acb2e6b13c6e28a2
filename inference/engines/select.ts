/** Loading a model with the engine that suits it and the machine, and with another one where that fails. */
import { SkiffError, toSkiffError } from "../../core/errors/skiff_error.ts";
import { type EnginePlan, type MachineFacts, planEngine } from "./choice.ts";
import type { Engine, EngineName, EngineOptions } from "./engine.ts";
import { quietDrivers } from "./gpu/quiet_drivers.ts";
import { machineFacts } from "./machine.ts";
import type { InstallOptions } from "./packages/install.ts";
import type { AdapterFacts } from "./webgpu/device/adapter.ts";

export interface SelectOptions extends EngineOptions {
  engine?: "auto" | EngineName;
  /** What is worth a line in the log: why an engine was left. */
  onNote?: (line: string) => void;
}

/** Default: this machine's. */
export interface SelectDependencies {
  machine?: () => MachineFacts;
  /** Where the engines' files are installed. */
  install?: InstallOptions;
}

/**
 * Loads a model. Where a GPU cannot be used, or not for this model, llama.cpp (for ONNX the processor) computes and
 * `info.reason` says why. Throws what the last engine's loader throws.
 */
export async function loadEngine(
  { engine = "auto", onNote, ...options }: SelectOptions,
  { machine = machineFacts, install }: SelectDependencies = {},
): Promise<Engine> {
  const plan = planEngine(engine, options.files ? "onnx" : "gguf", machine(), options);
  const loadLlama = async (reason: string) => {
    const { loadLlamaEngine } = await import("./llama/engine.ts");
    return await loadLlamaEngine(options, { reason, install });
  };
  if (plan.engine === "onnx") return await loadOnnx(options, plan, { onNote, install });
  if (plan.engine === "webgpu") {
    const refusal = await usableAdapter(plan);
    if (!("refused" in refusal)) {
      const loaded = await loadWebgpu(options, `${plan.reason}: ${refusal.description}`);
      if (!("refused" in loaded)) return loaded.engine;
      return await loadLlama(fallen(loaded.refused, onNote));
    }
    // Without a GPU there is nothing to explain to somebody who did not ask for one.
    const quiet = engine === "auto" ? `no GPU for WebGPU: ${refusal.refused}` : undefined;
    return await loadLlama(quiet ?? fallen(refusal.refused, onNote));
  }
  return await loadLlama(plan.reason);
}

function fallen(reason: string, onNote?: (line: string) => void): string {
  const text = `WebGPU was not used: ${reason.replace(/\.$/, "")}`;
  onNote?.(`${text}; llama.cpp runs the model`);
  return text;
}

type Refusal = { refused: string };

/** The adapter, if it is one that the plan wants. A software adapter is right, and slower than llama.cpp. */
async function usableAdapter({ adapter }: EnginePlan): Promise<AdapterFacts | Refusal> {
  const { requestAdapter } = await import("./webgpu/device/adapter.ts");
  quietDrivers();
  try {
    const { facts } = await requestAdapter();
    if (adapter === "any" || !facts.software) return facts;
    return { refused: `its only adapter is software (${facts.description})` };
  } catch (error) {
    return { refused: toSkiffError(error).message };
  }
}

/** What ends a load whatever the engine is: another one would only say the same later. */
const final = ["corrupt", "interrupted", "not_found"];

async function loadWebgpu(options: EngineOptions, reason: string): Promise<{ engine: Engine } | Refusal> {
  const [{ loadWebgpuEngine, supports }, { openGguf }] = await Promise.all([
    import("./webgpu/engine.ts"),
    import("../gguf/mod.ts"),
  ]);
  const support = supports(await openGguf(options.shardPaths ?? options.modelPath));
  if (!support.ok) return { refused: support.reason };
  try {
    return { engine: await loadWebgpuEngine(options, { reason }) };
  } catch (error) {
    const problem = toSkiffError(error);
    if (final.includes(problem.code)) throw problem;
    return { refused: problem.message };
  }
}

/** On the GPU where there is one that the plan wants, else (and when that fails) on the processor. */
async function loadOnnx(
  options: EngineOptions,
  plan: EnginePlan,
  { onNote, install }: Pick<SelectOptions, "onNote"> & Pick<SelectDependencies, "install">,
): Promise<Engine> {
  const { loadOnnxEngine } = await import("./onnx/engine.ts");
  if (plan.adapter === "none") return await loadOnnxEngine(options, { reason: plan.reason, install });
  const adapter = await usableAdapter(plan);
  let refused = "refused" in adapter ? adapter.refused : "";
  if (!("refused" in adapter)) {
    try {
      const { description } = adapter;
      return await loadOnnxEngine(options, {
        reason: plan.reason,
        device: "webgpu",
        deviceName: description,
        install,
      });
    } catch (error) {
      if (!(error instanceof SkiffError) || final.includes(error.code)) throw error;
      refused = error.message;
    }
  }
  const text = `WebGPU was not used: ${refused.replace(/\.$/, "")}`;
  if (plan.adapter === "any") onNote?.(`${text}; the processor runs the model`);
  return await loadOnnxEngine(options, { reason: `${plan.reason}; ${text}`, install });
}

/** Loading a model with the engine that suits it and the machine, and with another one where that fails. */
import { SkiffError, toSkiffError } from "../../core/errors/skiff_error.ts";
import { type EnginePlan, type MachineFacts, planEngine } from "./choice.ts";
import type { Engine, EngineName, EngineOptions } from "./engine.ts";
import { quietDrivers } from "./gpu/quiet_drivers.ts";
import { machineFacts } from "./machine.ts";
import type { InstallOptions } from "./packages/install.ts";
import type { AdapterFacts } from "./webgpu/device/adapter.ts";
import type { GpuDevice } from "./webgpu/device/gpu_device.ts";

export interface SelectOptions extends EngineOptions {
  engine?: "auto" | EngineName;
  /** What is worth a line in the log: why an engine was left. */
  onNote?: (line: string) => void;
}

/** Default: this machine's. */
export interface SelectDependencies {
  machine?: () => MachineFacts;
  /** What WebGPU offers, without opening it. Throws "unsupported" when that is nothing. */
  adapter?: () => Promise<AdapterFacts>;
  openGpu?: () => Promise<GpuDevice>;
  /** Where the engines' files are installed. */
  install?: InstallOptions;
}

/**
 * Loads a model. Where a GPU cannot be used, or not for this model, llama.cpp (for ONNX the processor) computes and
 * `info.reason` says why. Who asks for WebGPU by name is told instead when the model does not fit on the GPU, or when
 * a setting is none of its. Throws what the last engine's loader throws.
 */
export async function loadEngine(
  { engine = "auto", onNote, ...options }: SelectOptions,
  { machine = machineFacts, adapter = machineAdapter, openGpu, install }: SelectDependencies = {},
): Promise<Engine> {
  const plan = planEngine(engine, options.files ? "onnx" : "gguf", machine(), options);
  const loadLlama = async (reason: string) => {
    const { loadLlamaEngine } = await import("./llama/engine.ts");
    return await loadLlamaEngine(options, { reason, install });
  };
  if (plan.engine === "onnx") return await loadOnnx(options, plan, { onNote, adapter, install });
  if (plan.engine === "webgpu") {
    const refusal = await usableAdapter(plan, adapter);
    if (!("refused" in refusal)) {
      const reason = `${plan.reason}: ${refusal.description}`;
      const loaded = await loadWebgpu(options, { reason, openGpu }, engine === "auto");
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

async function machineAdapter(): Promise<AdapterFacts> {
  const { requestAdapter } = await import("./webgpu/device/adapter.ts");
  quietDrivers();
  return (await requestAdapter()).facts;
}

/** The adapter, if it is one that the plan wants. A software adapter is right, and slower than llama.cpp. */
async function usableAdapter(
  { adapter }: EnginePlan,
  request: () => Promise<AdapterFacts>,
): Promise<AdapterFacts | Refusal> {
  try {
    const facts = await request();
    if (adapter === "any" || !facts.software) return facts;
    return { refused: `its only adapter is software (${facts.description})` };
  } catch (error) {
    return { refused: toSkiffError(error).message };
  }
}

/** What ends a load whatever the engine is: another one would only say the same later. */
const final = ["corrupt", "interrupted", "not_found"];

/** A model that the kernels do not know is refused; so is one that cannot be loaded, where another engine may. */
async function loadWebgpu(
  options: EngineOptions,
  dependencies: { reason: string; openGpu?: () => Promise<GpuDevice> },
  mayFall: boolean,
): Promise<{ engine: Engine } | Refusal> {
  const [{ loadWebgpuEngine, supports }, { openGguf }] = await Promise.all([
    import("./webgpu/engine.ts"),
    import("../gguf/mod.ts"),
  ]);
  const support = supports(await openGguf(options.shardPaths ?? options.modelPath));
  if (!support.ok) return { refused: support.reason };
  try {
    return { engine: await loadWebgpuEngine(options, dependencies) };
  } catch (error) {
    const problem = toSkiffError(error);
    if (!mayFall || final.includes(problem.code)) throw problem;
    return { refused: problem.message };
  }
}

/** On the GPU where there is one that the plan wants, else (and when that fails) on the processor. */
async function loadOnnx(
  options: EngineOptions,
  plan: EnginePlan,
  { onNote, adapter: request, install }:
    & Pick<SelectOptions, "onNote">
    & Pick<SelectDependencies, "install">
    & { adapter: () => Promise<AdapterFacts> },
): Promise<Engine> {
  const { loadOnnxEngine } = await import("./onnx/engine.ts");
  if (plan.adapter === "none") return await loadOnnxEngine(options, { reason: plan.reason, install });
  const adapter = await usableAdapter(plan, request);
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

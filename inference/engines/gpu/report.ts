/** What this machine has to compute on, for `skiff system gpu`. */
import { skiffPaths } from "../../../core/paths/paths.ts";
import { toSkiffError } from "../../../core/errors/skiff_error.ts";
import { planEngine } from "../choice.ts";
import { chooseVariant, type DeviceFacts, probeDevices } from "../llama/devices.ts";
import { machineFacts } from "../machine.ts";
import { isSoftwareAdapter } from "../webgpu/device/adapter.ts";
import { requestDevice } from "../webgpu/device/request_device.ts";
import { quietDrivers } from "./quiet_drivers.ts";
import { type Bandwidth, measureBandwidth } from "./bandwidth.ts";

export interface AdapterReport {
  description: string;
  vendor: string;
  architecture: string;
  /** A processor that plays a GPU: used only when it is asked for. */
  software: boolean;
  features: string[];
  limits: Record<string, number>;
  bandwidth?: Bandwidth;
  /** Why it could not be opened or measured. */
  problem?: string;
}

export interface GpuReport {
  adapters: AdapterReport[];
  /** What would run a GGUF and an ONNX model now, and why. */
  engines: { gguf: { engine: string; reason: string }; onnx: { engine: string; reason: string } };
  /** llama.cpp's libraries: the variant that fits, what was found, and which sets lie in the cache. */
  llama: { variant: string; reason: string; devices: DeviceFacts; installed: string[] };
  /** What to do where something is missing. */
  hints: string[];
}

/** Limits that models depend on. */
const shownLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
] as const;

/** Asks for all adapters, and measures each for two seconds unless `measure` is false. Never throws. */
export async function gpuReport({ measure = true } = {}): Promise<GpuReport> {
  const installed = await installedSets(); // looks for the cache before the environment is changed
  quietDrivers();
  const devices = probeDevices();
  const adapters: AdapterReport[] = [];
  for (const adapter of await allAdapters()) adapters.push(await describe(adapter, measure));
  const hardware = adapters.some(({ software, problem }) => !software && problem === undefined);
  const facts = machineFacts(devices);
  const machine = { ...facts, gpuNode: facts.gpuNode && hardware };
  const engineFor = (format: "gguf" | "onnx") => {
    const { engine, reason, adapter } = planEngine("auto", format, machine);
    return { engine: engine === "onnx" && adapter !== "none" ? "onnx on WebGPU" : engine, reason };
  };
  const { variant, reason } = chooseVariant(devices);
  return {
    adapters,
    engines: { gguf: engineFor("gguf"), onnx: engineFor("onnx") },
    llama: { variant, reason, devices, installed },
    hints: hintsFor(devices, adapters),
  };
}

/** WebGPU gives one adapter a wish; different wishes may give different ones. */
async function allAdapters(): Promise<GPUAdapter[]> {
  const wishes = [{ powerPreference: "high-performance" }, { powerPreference: "low-power" }, {
    forceFallbackAdapter: true,
  }] as GPURequestAdapterOptions[];
  const found = new Map<string, GPUAdapter>();
  for (const wish of wishes) {
    const adapter = await navigator.gpu?.requestAdapter(wish).catch(() => null);
    if (adapter) found.set(nameOf(adapter), found.get(nameOf(adapter)) ?? adapter);
  }
  return [...found.values()];
}

function nameOf({ info }: GPUAdapter): string {
  return info.description || info.device || `vendor ${info.vendor}`;
}

async function describe(adapter: GPUAdapter, measure: boolean): Promise<AdapterReport> {
  const { info, limits } = adapter;
  const isFallback = (info as { isFallbackAdapter?: boolean }).isFallbackAdapter === true;
  const report: AdapterReport = {
    description: nameOf(adapter),
    vendor: info.vendor,
    architecture: info.architecture,
    software: isSoftwareAdapter(nameOf(adapter), isFallback),
    features: [...adapter.features].sort(),
    limits: Object.fromEntries(shownLimits.map((name) => [name, limits[name]])),
  };
  if (!measure) return report;
  try {
    const device = await requestDevice(adapter);
    try {
      report.bandwidth = await measureBandwidth(device);
    } finally {
      device.destroy();
    }
  } catch (error) {
    report.problem = toSkiffError(error).message;
  }
  return report;
}

async function installedSets(): Promise<string[]> {
  const sets: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(`${skiffPaths().cache}/native`)) {
      if (isDirectory) sets.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return sets.sort();
}

function hintsFor(devices: DeviceFacts, adapters: AdapterReport[]): string[] {
  const hints: string[] = [];
  const hardware = adapters.some(({ software }) => !software);
  if (!hardware && devices.os === "linux") {
    hints.push(
      devices.gpuNode
        ? "There is a GPU, but no Vulkan driver for it: install mesa-vulkan-drivers and libvulkan1 (AMD, Intel) or NVIDIA's driver with its Vulkan part."
        : "No GPU is visible here. In a container, pass its device on (--device /dev/dri, or --gpus all).",
    );
  } else if (!hardware) hints.push("Install the driver of the GPU's maker.");
  if (adapters.length === 0 && devices.os === "linux") {
    hints.push(
      "To try WebGPU without a GPU: apt-get install mesa-vulkan-drivers libvulkan1 (llvmpipe, slow).",
    );
  }
  if (devices.nvidiaDriver && Object.keys(devices.cudaRuntime).length === 0) {
    hints.push("For llama.cpp on CUDA install CUDA's libcudart and libcublas (12 or 13).");
  }
  return hints;
}

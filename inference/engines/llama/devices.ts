/** Which GPU libraries of llama.cpp this machine could run, found without loading any of them. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { existsSync } from "../../../core/paths/exists.ts";
import { type LibrarySet, librarySet, type LibraryVariant } from "./library_set.ts";

export interface DeviceFacts {
  os: string;
  arch: string;
  /** NVIDIA's driver is loaded and its devices can be opened. */
  nvidiaDriver: boolean;
  /** Paths or names of CUDA's libraries in the order in which they must be loaded, by major version. */
  cudaRuntime: Partial<Record<12 | 13, string[]>>;
  /** A hardware device with a Vulkan loader. */
  vulkan: boolean;
  /** A device node of a GPU, whether or not there is a library for it. */
  gpuNode: boolean;
}

export interface VariantChoice {
  variant: LibraryVariant;
  /** One sentence for people. */
  reason: string;
  /** Libraries that must be in the process before llama.cpp's. */
  preload: string[];
}

/** The variant to try first; the caller falls back to the processor when it cannot be had. */
export function chooseVariant(facts: DeviceFacts, gpuLayers?: number): VariantChoice {
  const has = (variant: LibraryVariant) => librarySet(variant, facts.os, facts.arch) !== undefined;
  const processor: LibraryVariant = has("cpu") ? "cpu" : "metal";
  const choice = (variant: LibraryVariant, reason: string, preload: string[] = []) => ({
    variant,
    reason,
    preload,
  });
  if (gpuLayers === 0) return choice(processor, "no layers were asked for on a GPU");
  if (has("metal")) return choice("metal", "Apple's GPU is there");
  const { 13: cuda13, 12: cuda12 } = facts.cudaRuntime;
  if (facts.nvidiaDriver && has("cuda")) {
    if (cuda13) return choice("cuda", "an NVIDIA GPU and CUDA 13 are there", cuda13);
    if (cuda12) return choice("cuda12", "an NVIDIA GPU and CUDA 12 are there", cuda12);
  }
  if (facts.vulkan && has("vulkan")) return choice("vulkan", "a GPU with Vulkan is there");
  if (facts.nvidiaDriver) {
    return choice(processor, "an NVIDIA GPU is there, but CUDA's libcudart and libcublas (12 or 13) are not");
  }
  return choice(processor, "no GPU that llama.cpp can use was found");
}

/** The set of a variant for this machine. Throws "unsupported" when llama.cpp is not built for it. */
export function requireSet(variant: LibraryVariant): LibrarySet {
  const set = librarySet(variant);
  if (set !== undefined) return set;
  throw new SkiffError("unsupported", `llama.cpp is not built for ${Deno.build.os} on ${Deno.build.arch}`);
}

/** What this machine has. Opens small system libraries only. */
export function probeDevices(): DeviceFacts {
  const { os, arch } = Deno.build;
  const none = { os, arch, nvidiaDriver: false, cudaRuntime: {}, vulkan: false, gpuNode: false };
  if (os === "linux") {
    const nvidiaDriver = existsSync("/dev/nvidiactl") && canOpen("libcuda.so.1");
    const renders = hardwareRenderNode();
    return {
      ...none,
      nvidiaDriver,
      cudaRuntime: nvidiaDriver ? linuxCuda() : {},
      vulkan: renders && canOpen("libvulkan.so.1"),
      gpuNode: renders || existsSync("/dev/dxg") || existsSync("/dev/nvidiactl"),
    };
  }
  if (os === "windows") {
    const nvidiaDriver = canOpen("nvcuda.dll");
    return {
      ...none,
      nvidiaDriver,
      cudaRuntime: nvidiaDriver ? windowsCuda() : {},
      vulkan: nvidiaDriver && canOpen("vulkan-1.dll"),
    };
  }
  return none;
}

function linuxCuda(): DeviceFacts["cudaRuntime"] {
  const folders = ["", "/usr/local/cuda/lib64/", "/opt/cuda/lib64/"];
  const found: DeviceFacts["cudaRuntime"] = {};
  for (const major of [13, 12] as const) {
    const names = ["libcudart", "libcublasLt", "libcublas"].map((name) => `${name}.so.${major}`);
    for (const folder of [...folders, `/usr/local/cuda-${major}/lib64/`]) {
      if (folder !== "" && !existsSync(folder + names[0])) continue;
      // cublas is hundreds of megabytes: the small one tells whether the folder is right
      if (canOpen(folder + names[0])) found[major] ??= names.map((name) => folder + name);
    }
  }
  return found;
}

function windowsCuda(): DeviceFacts["cudaRuntime"] {
  const found: DeviceFacts["cudaRuntime"] = {};
  if (canOpen("cudart64_13.dll")) found[13] = ["cudart64_13.dll", "cublasLt64_13.dll", "cublas64_13.dll"];
  if (canOpen("cudart64_12.dll")) found[12] = ["cudart64_12.dll", "cublasLt64_12.dll", "cublas64_12.dll"];
  return found;
}

/** A DRM render node of a vendor that makes GPUs; a virtual machine's display adapter is none. */
function hardwareRenderNode(): boolean {
  const vendors = ["0x10de", "0x1002", "0x8086"]; // NVIDIA, AMD, Intel
  try {
    return [...Deno.readDirSync("/sys/class/drm")].some(({ name }) =>
      name.startsWith("renderD") && existsSync(`/dev/dri/${name}`) &&
      vendors.includes(Deno.readTextFileSync(`/sys/class/drm/${name}/device/vendor`).trim())
    );
  } catch {
    return false; // no DRM in this machine or container
  }
}

function canOpen(library: string): boolean {
  try {
    Deno.dlopen(library, {}).close();
    return true;
  } catch {
    return false;
  }
}

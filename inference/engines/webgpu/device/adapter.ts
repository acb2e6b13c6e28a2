/** The adapter that WebGPU offers: what it is called, and whether it is a processor that plays a GPU. */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";

export interface AdapterFacts {
  /** The driver's own words: "NVIDIA H100 80GB HBM3", "llvmpipe (LLVM 15.0.6, 256 bits)". */
  description: string;
  vendor: string;
  /** True for llvmpipe, lavapipe, SwiftShader, WARP and their like: right, and far slower than llama.cpp. */
  software: boolean;
  /** Fewest lanes of a subgroup; 0 where the adapter does not say. */
  subgroupMinSize: number;
}

/** `isFallbackAdapter` alone does not do: Deno 2.6 says false for llvmpipe. */
const softwareAdapters = /llvmpipe|lavapipe|softpipe|swiftshader|\bwarp\b|basic render|software rasterizer/i;

/** Whether a description, and what the adapter says of itself, mean a software adapter. */
export function isSoftwareAdapter(description: string, isFallback: boolean): boolean {
  return isFallback || softwareAdapters.test(description);
}

/**
 * The adapter of this machine, the fastest where there is a choice.
 * @throws {SkiffError} "unsupported" when there is none.
 */
export async function requestAdapter(): Promise<{ adapter: GPUAdapter; facts: AdapterFacts }> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new SkiffError("unsupported", "This machine has no WebGPU adapter", {
      hint:
        "Install the GPU's Vulkan driver (Metal and Direct3D come with the system), or use --engine llama.",
    });
  }
  return { adapter, facts: adapterFacts(adapter.info) };
}

function adapterFacts(info: GPUAdapterInfo): AdapterFacts {
  const description = info.description || info.device || `vendor ${info.vendor}`;
  const isFallback = (info as { isFallbackAdapter?: boolean }).isFallbackAdapter === true;
  const subgroupMinSize = (info as { subgroupMinSize?: number }).subgroupMinSize ?? 0;
  return {
    description,
    vendor: info.vendor,
    software: isSoftwareAdapter(description, isFallback),
    subgroupMinSize,
  };
}

/** What tests of kernels need. */
import type { GpuDevice } from "../../../../../inference/engines/webgpu/device/gpu_device.ts";
import { type Ggml, ggml } from "../../../../support/ggml.ts";
import { testGpu } from "../../../../support/gpu.ts";

export interface Parts {
  gpu: GpuDevice;
  ggml: Ggml;
}

export async function gpuAndGgml(): Promise<Parts> {
  return { gpu: await testGpu(), ggml: await ggml() };
}

/** The GPU that tests run on: the machine's, or Mesa's llvmpipe, installed where it is missing. */
import { type GpuDevice, openGpuDevice } from "../../inference/engines/webgpu/device/gpu_device.ts";

let opened: Promise<GpuDevice> | undefined;

/** One device a process, so that kernels are compiled once. Throws with the reason when there is none. */
export function testGpu(): Promise<GpuDevice> {
  return opened ??= openGpuDevice();
}

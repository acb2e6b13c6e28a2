/** What a machine has for engines, found without opening a GPU: device nodes and small libraries. */
import type { MachineFacts } from "./choice.ts";
import { type DeviceFacts, probeDevices } from "./llama/devices.ts";

/** A few file look-ups; on machines without a GPU well below a millisecond. */
export function machineFacts(devices: DeviceFacts = probeDevices()): MachineFacts {
  return {
    cuda: devices.nvidiaDriver && Object.keys(devices.cudaRuntime).length > 0,
    gpuNode: hasGpuNode(devices),
  };
}

/** Systems other than Linux always have something that draws, and an answer of WebGPU costs little there. */
function hasGpuNode({ os, nvidiaDriver, gpuNode }: DeviceFacts): boolean {
  return os !== "linux" || nvidiaDriver || gpuNode;
}

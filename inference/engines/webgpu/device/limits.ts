/** What a device may allocate, bind and dispatch, and what of it we ask for. */

export interface DeviceLimits {
  /** Bytes of one buffer. */
  bufferBytes: number;
  /** Bytes of one storage binding; a larger tensor is cut into row ranges. */
  bindingBytes: number;
  storageBuffers: number;
  workgroupBytes: number;
  workgroupThreads: number;
  workgroupsPerDimension: number;
}

/** Sizes are u32 in drivers; 4 GiB itself would wrap. */
const largestBuffer = 2 ** 32 - 4;

/** The limits to require of a device: all that the adapter has, where more is of use to us. */
export function planLimits(adapter: GPUSupportedLimits): Record<string, number> {
  return {
    maxBufferSize: Math.min(adapter.maxBufferSize, largestBuffer),
    maxStorageBufferBindingSize: Math.min(adapter.maxStorageBufferBindingSize, largestBuffer),
    maxStorageBuffersPerShaderStage: Math.min(adapter.maxStorageBuffersPerShaderStage, 16),
    maxComputeWorkgroupStorageSize: Math.min(adapter.maxComputeWorkgroupStorageSize, 65_536),
    maxComputeInvocationsPerWorkgroup: Math.min(adapter.maxComputeInvocationsPerWorkgroup, 1024),
    maxComputeWorkgroupSizeX: Math.min(adapter.maxComputeWorkgroupSizeX, 1024),
    maxComputeWorkgroupsPerDimension: adapter.maxComputeWorkgroupsPerDimension,
  };
}

/** What the device really got. */
export function deviceLimits(limits: GPUSupportedLimits): DeviceLimits {
  return {
    bufferBytes: limits.maxBufferSize,
    // A binding's size is a multiple of 16 for arrays of vec4.
    bindingBytes: limits.maxStorageBufferBindingSize - limits.maxStorageBufferBindingSize % 256,
    storageBuffers: limits.maxStorageBuffersPerShaderStage,
    workgroupBytes: limits.maxComputeWorkgroupStorageSize,
    workgroupThreads: limits.maxComputeInvocationsPerWorkgroup,
    workgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
  };
}

/** Names of the required limits that a device lacks: Deno 2.6 drops a descriptor without a word. */
export function missingLimits(required: Record<string, number>, device: GPUSupportedLimits): string[] {
  const has = device as unknown as Record<string, number>;
  return Object.keys(required).filter((name) => has[name] < required[name]);
}

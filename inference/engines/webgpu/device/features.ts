/** What kernels may use, found by compiling: what a runtime lists and what its compiler takes differ. */

/** What the variants of kernels are chosen by. */
export interface KernelFeatures {
  /** `enable f16`. */
  f16: boolean;
  /** `dot4I8Packed`: four int8 products a lane in one instruction on most hardware. */
  dp4a: boolean;
  /** Fewest lanes of a subgroup, where kernels may shuffle among them; 0 where they may not. */
  subgroupSize: number;
  /** Time of a pass on the GPU's clock. */
  timestamps: boolean;
  /** A processor that plays a GPU: barriers are dear, lanes are SIMD lanes, kernels are chosen for that. */
  software: boolean;
  /** Bytes of workgroup memory. */
  workgroupBytes: number;
  /** Bytes of one storage binding. */
  bindingBytes: number;
}

const wanted: GPUFeatureName[] = ["shader-f16", "timestamp-query", "subgroups" as GPUFeatureName];

/** The features to require: those of ours that the adapter lists. */
export function planFeatures(adapter: ReadonlySet<string>): GPUFeatureName[] {
  return wanted.filter((name) => adapter.has(name));
}

const probes = {
  f16: `enable f16;
@group(0) @binding(0) var<storage, read_write> x: array<f16>;
@compute @workgroup_size(1) fn main() { x[0] = x[1] * 2.0h; }`,
  dp4a: `@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@compute @workgroup_size(1) fn main() { x[0] = u32(dot4I8Packed(x[1], x[2])) + pack4xI8Clamp(unpack4xI8(x[3])); }`,
  subgroups: `enable subgroups;
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@compute @workgroup_size(32) fn main(@builtin(local_invocation_index) i: u32) { x[i] = subgroupShuffleXor(x[i], 1u); }`,
} as const;

/** Compiles the probes; each is one feature that may or may not be there. */
export async function probeFeatures(
  device: GPUDevice,
  subgroupMinSize: number,
): Promise<{ f16: boolean; dp4a: boolean; subgroupSize: number; timestamps: boolean }> {
  const f16 = device.features.has("shader-f16") && await compiles(device, probes.f16);
  const subgroups = device.features.has("subgroups" as GPUFeatureName) &&
    await compiles(device, probes.subgroups);
  const dp4a = await compiles(device, probes.dp4a);
  const subgroupSize = subgroups && subgroupMinSize >= 8 ? subgroupMinSize : 0;
  return { f16, dp4a, subgroupSize, timestamps: device.features.has("timestamp-query") };
}

async function compiles(device: GPUDevice, code: string): Promise<boolean> {
  device.pushErrorScope("validation");
  try {
    const module = device.createShaderModule({ code });
    device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
  } catch {
    // The error scope has the reason; some versions throw besides.
  }
  return (await device.popErrorScope()) === null;
}

/**
 * What an op asks of the device, as plain data: a kernel's text, the buffers it works on, its parameters and how
 * many workgroups. Ops (kernels/*.ts) make these without a device; `GpuDevice.prepare` turns them into a plan.
 *
 * Every kernel sees @group(0): binding 0 is its parameters (`var<uniform>`, dynamic offset, at most 256 bytes),
 * bindings 1 … are `buffers` in order. A kernel without parameters declares nothing at binding 0.
 */

/** How a kernel sees a buffer. One buffer may be bound twice as "read", or twice as "write", never mixed. */
export type Access = "uniform" | "read" | "write";

export interface KernelCode {
  /** Name for people: "gemv q4_0 576 x1". */
  name: string;
  /** Complete WGSL with an entry point `main`; the pipeline cache's key. */
  code: string;
  /** One per buffer, bindings 1 …; "write" is `read_write` storage. */
  access: readonly Access[];
}

/** A part of a buffer. `offset` is a multiple of the storage alignment (256), `size` of 4. */
export interface BufferRange {
  buffer: GPUBuffer;
  offset: number;
  size: number;
}

export type Workgroups = readonly [x: number, y: number, z: number];

export interface Dispatch {
  kernel: KernelCode;
  buffers: readonly BufferRange[];
  /** Words of the uniform at binding 0, fixed for the life of the plan; `float32Word` makes one out of a float. */
  params: readonly number[];
  /** Workgroups for a step of `rows` tokens; a count of 0 leaves the dispatch out. */
  workgroups: Workgroups | ((rows: number) => Workgroups);
  /** What profiles add times up by: "ffn_down". Default: the kernel's name. */
  label?: string;
}

const word = new DataView(new ArrayBuffer(4));

/** The bits of a float as a word of `Dispatch.params`. */
export function float32Word(value: number): number {
  word.setFloat32(0, value);
  return word.getUint32(0);
}

/** Workgroups for `count` along x, folded into y where x alone would exceed what a dispatch may have. */
export function foldWorkgroups(count: number, limit = 65_535): Workgroups {
  if (count <= limit) return [count, 1, 1];
  const y = Math.ceil(count / limit);
  return [Math.ceil(count / y), y, 1];
}

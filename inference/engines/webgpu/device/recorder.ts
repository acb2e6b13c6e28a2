/** The commands of one step: dispatches in as few passes as can be, copies, reads; then one submit. */
import type { PlannedDispatch } from "./command_plan.ts";
import type { BufferRange, Workgroups } from "./dispatch.ts";
import type { Profile } from "./profile.ts";
import type { PendingRead, ReadbackPool } from "./readback.ts";

export class Recorder {
  readonly #encoder: GPUCommandEncoder;
  readonly #reads: ReadbackPool;
  readonly #profile?: Profile;
  readonly #submitted: (commands: GPUCommandBuffer) => void;
  #passes = 0;
  #pass?: GPUComputePassEncoder;
  #pipeline?: GPUComputePipeline;

  /** Use `GpuDevice.record`. */
  constructor(
    device: GPUDevice,
    reads: ReadbackPool,
    submitted: (commands: GPUCommandBuffer) => void,
    profile?: Profile,
  ) {
    this.#encoder = device.createCommandEncoder();
    this.#reads = reads;
    this.#submitted = submitted;
    this.#profile = profile;
  }

  /** Compute passes so far. */
  get passes(): number {
    return this.#passes;
  }

  /** Adds dispatches, in order; each sees what those before it wrote. `rows` = tokens of this step. */
  run(dispatches: readonly PlannedDispatch[], rows = 1): void {
    for (const dispatch of dispatches) {
      const { workgroups } = dispatch;
      const [x, y, z]: Workgroups = typeof workgroups === "function" ? workgroups(rows) : workgroups;
      if (x * y * z > 0) this.#dispatch(dispatch, x, y, z);
    }
  }

  copy(from: BufferRange, to: BufferRange, bytes = Math.min(from.size, to.size)): void {
    this.#endPass();
    this.#encoder.copyBufferToBuffer(from.buffer, from.offset, to.buffer, to.offset, bytes);
  }

  /** Asks for bytes of a range as they are at this point of the commands. */
  read({ buffer, offset, size }: BufferRange): PendingRead {
    this.#endPass();
    return this.#reads.record(this.#encoder, buffer, offset, size);
  }

  /** Hands the commands over. Every recorder must be submitted: some versions end on one that is dropped. */
  submit(): { profiled: Promise<void> } {
    this.#endPass();
    const take = this.#profile?.resolve(this.#encoder);
    this.#submitted(this.#encoder.finish());
    return { profiled: take?.() ?? Promise.resolve() };
  }

  #dispatch(dispatch: PlannedDispatch, x: number, y: number, z: number): void {
    if (this.#profile) this.#endPass();
    this.#pass ??= this.#beginPass(dispatch.label);
    if (this.#pipeline !== dispatch.pipeline) {
      this.#pass.setPipeline(dispatch.pipeline);
      this.#pipeline = dispatch.pipeline;
    }
    this.#pass.setBindGroup(0, dispatch.group, [dispatch.paramsOffset]);
    this.#pass.dispatchWorkgroups(x, y, z);
  }

  #beginPass(label: string): GPUComputePassEncoder {
    this.#passes++;
    return this.#encoder.beginComputePass({ timestampWrites: this.#profile?.pass(label) });
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
    this.#pipeline = undefined;
  }
}

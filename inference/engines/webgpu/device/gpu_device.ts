/**
 * The GPU of this process: its memory, its compiled kernels, its queue. One caller, one call at a time.
 * Blocks its thread while it reads, so it lives in the runner process and never in the server.
 */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import { type AdapterFacts, requestAdapter } from "./adapter.ts";
import { Arena } from "./arena.ts";
import { BindGroupCache } from "./bind_group_cache.ts";
import { CommandPlan, plan } from "./command_plan.ts";
import type { BufferRange, Dispatch, KernelCode } from "./dispatch.ts";
import { type KernelFeatures, probeFeatures } from "./features.ts";
import { GarbagePolicy } from "./garbage.ts";
import { type DeviceLimits, deviceLimits } from "./limits.ts";
import { ParamsRing } from "./params_block.ts";
import { paramsBytes, PipelineCache } from "./pipeline_cache.ts";
import { Profile } from "./profile.ts";
import { ReadbackPool } from "./readback.ts";
import { Recorder } from "./recorder.ts";
import { requestDevice } from "./request_device.ts";

/** Opens the machine's GPU. @throws {SkiffError} "unsupported" when there is none or it cannot be used. */
export async function openGpuDevice(): Promise<GpuDevice> {
  const { adapter, facts } = await requestAdapter();
  const device = await requestDevice(adapter);
  const limits = deviceLimits(device.limits);
  const features: KernelFeatures = {
    ...await probeFeatures(device, facts.subgroupMinSize),
    software: facts.software,
    workgroupBytes: limits.workgroupBytes,
    bindingBytes: limits.bindingBytes,
  };
  const gpu = new GpuDevice(device, facts, limits, features);
  await gpu.reads.selfTest();
  return gpu;
}

/** Usage of buffers that kernels work on. */
const storage = 0x80 | 0x04 | 0x08; // STORAGE | COPY_SRC | COPY_DST; GPUBufferUsage is not there without WebGPU

export class GpuDevice {
  readonly raw: GPUDevice;
  readonly facts: AdapterFacts;
  readonly limits: DeviceLimits;
  readonly features: KernelFeatures;
  readonly reads: ReadbackPool;
  /** Resolves with the reason when the GPU goes away: a driver reset, an unplugged device, `close`. */
  readonly lost: Promise<string>;
  readonly #pipelines: PipelineCache;
  readonly #groups: BindGroupCache;
  readonly #ring: ParamsRing;
  readonly #garbage = new GarbagePolicy();
  #profile?: Profile;
  #lostReason?: string;
  #fault?: string;

  /** Use `openGpuDevice`. */
  constructor(raw: GPUDevice, facts: AdapterFacts, limits: DeviceLimits, features: KernelFeatures) {
    this.raw = raw;
    this.facts = facts;
    this.limits = limits;
    this.features = features;
    this.reads = new ReadbackPool(raw);
    this.#pipelines = new PipelineCache(raw);
    this.#groups = new BindGroupCache(raw);
    this.#ring = new ParamsRing(raw);
    this.lost = raw.lost.then(({ reason, message }) => this.#lostReason = message || reason || "unknown");
    raw.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      this.#fault ??= (event as unknown as { error: { message: string } }).error.message;
    });
  }

  /** A buffer of its own for kernels to work on. @throws {SkiffError} "out_of_memory" */
  async buffer(bytes: number, label: string): Promise<BufferRange> {
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    return { buffer: await this.allocate(size, storage, label), offset: 0, size };
  }

  /** A small uniform buffer, written with `write`. */
  async uniform(bytes: number, label: string): Promise<BufferRange> {
    const size = Math.ceil(bytes / 16) * 16;
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    return { buffer: await this.allocate(size, usage, label), offset: 0, size };
  }

  /** An arena for many tensors that are freed together. Blocks are as large as a binding, at most 1 GiB. */
  arena(label: string, blockBytes = 2 ** 30): Arena {
    return new Arena({
      label,
      usage: storage,
      blockBytes: Math.min(blockBytes, this.limits.bufferBytes - this.limits.bufferBytes % 256),
      allocate: (bytes, usage, name) => this.allocate(bytes, usage, name),
    });
  }

  /** A buffer, zeroed. @throws {SkiffError} "out_of_memory" when the GPU, or its limits, have no room for it. */
  async allocate(bytes: number, usage: GPUBufferUsageFlags, label: string): Promise<GPUBuffer> {
    this.#assertUsable();
    if (bytes > this.limits.bufferBytes) {
      throw outOfMemory(bytes, `a buffer has at most ${this.limits.bufferBytes} bytes here`);
    }
    this.raw.pushErrorScope("validation");
    this.raw.pushErrorScope("out-of-memory");
    const buffer = this.raw.createBuffer({ label, size: bytes, usage });
    const noMemory = await this.raw.popErrorScope();
    const invalid = await this.raw.popErrorScope();
    const error = noMemory ?? invalid;
    if (error) {
      buffer.destroy();
      throw outOfMemory(bytes, error.message);
    }
    return buffer;
  }

  /** Writes to a range; `data` has a multiple of 4 bytes. In order with submits. */
  write(range: BufferRange, data: BufferSource, offset = 0): void {
    if (data.byteLength === 0) return; // Deno panics on an empty write
    this.raw.queue.writeBuffer(range.buffer, range.offset + offset, data);
  }

  /** Compiles kernels ahead of their use. @throws {SkiffError} "internal" with the compiler's words. */
  async compile(kernels: Iterable<KernelCode>): Promise<void> {
    this.#assertUsable();
    await this.#pipelines.compile(kernels);
  }

  /**
   * Compiles, binds and writes parameters: a plan that `Recorder.run` replays at 4 µs a dispatch.
   * @throws {SkiffError} "internal" when a kernel does not compile or its buffers do not suit it
   */
  async prepare(dispatches: readonly Dispatch[]): Promise<CommandPlan> {
    await this.compile(dispatches.map(({ kernel }) => kernel));
    this.raw.pushErrorScope("validation");
    const plan = new CommandPlan(this.raw, this.#pipelines, this.#groups, dispatches);
    const error = await this.raw.popErrorScope();
    if (error) throw new SkiffError("internal", `The GPU refused a plan: ${error.message}`);
    return plan;
  }

  /** Starts the commands of a step. @throws {SkiffError} "unavailable" when the GPU was lost. */
  record(): Recorder {
    this.#assertUsable();
    return new Recorder(this.raw, this.reads, (commands) => this.#submit(commands), this.#profile);
  }

  /** Runs dispatches once, without a plan; does not wait for them. */
  async run(dispatches: readonly Dispatch[], rows = 1): Promise<void> {
    await this.compile(dispatches.map(({ kernel }) => kernel));
    const first = this.#ring.push(dispatches);
    const recorder = this.record();
    recorder.run(
      dispatches.map((dispatch, i) =>
        plan(dispatch, this.#pipelines, this.#groups, this.#ring.buffer, first + i * paramsBytes)
      ),
      rows,
    );
    await recorder.submit().profiled;
  }

  /** The bytes of a range, after all that was submitted. */
  async read(range: BufferRange): Promise<Uint8Array<ArrayBuffer>> {
    await this.reads.reserve(range.size);
    const recorder = this.record();
    const pending = recorder.read(range);
    recorder.submit();
    return await pending.take();
  }

  /** Waits until the GPU has done all that was submitted, and lets go of the memory that writes were held in. */
  async drain(): Promise<void> {
    const small = { buffer: this.#drainBuffer(), offset: 0, size: 4 };
    await this.read(small);
  }

  /**
   * Throws "internal" when a command since the last check was invalid: such commands do nothing, silently. Knows
   * what the runtime has told so far, which is what was submitted before the last turn of the event loop.
   */
  check(): void {
    this.#assertUsable();
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault !== undefined) throw new SkiffError("internal", `The GPU refused a command: ${fault}`);
  }

  /** The same for everything submitted so far. */
  async checkAll(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    this.check();
  }

  /** Measures every dispatch until `stopProfile`; undefined when the adapter has no clock. */
  async startProfile(dispatchesPerSubmit: number): Promise<Profile | undefined> {
    if (!this.features.timestamps) return undefined;
    await this.reads.reserve(16 * dispatchesPerSubmit, 2);
    this.#profile = new Profile(this.raw, this.reads, dispatchesPerSubmit);
    return this.#profile;
  }

  stopProfile(): void {
    this.#profile?.free();
    this.#profile = undefined;
  }

  /** Forgets bind groups; for when buffers were freed. */
  forgetBindings(): void {
    this.#groups.clear();
  }

  /** Frees wrappers of finished commands; for when there is nothing to do. */
  collectGarbage(): void {
    this.#garbage.collect();
  }

  /** Frees everything. The device is unusable afterwards. */
  close(): void {
    this.stopProfile();
    this.#groups.clear();
    this.reads.destroy();
    this.raw.destroy();
  }

  #drained?: GPUBuffer;

  #drainBuffer(): GPUBuffer {
    this.#drained ??= this.raw.createBuffer({ label: "drain", size: 16, usage: GPUBufferUsage.COPY_SRC });
    return this.#drained;
  }

  #submit(commands: GPUCommandBuffer): void {
    this.raw.queue.submit([commands]);
    this.#garbage.submitted();
  }

  #assertUsable(): void {
    if (this.#lostReason === undefined) return;
    throw new SkiffError("unavailable", `The GPU was lost: ${this.#lostReason}`, {
      hint: "The model is loaded again at the next request; if it happens again, use --engine llama.",
    });
  }
}

function outOfMemory(bytes: number, reason: string): SkiffError {
  return new SkiffError("out_of_memory", `The GPU has no room for ${bytes} bytes: ${reason}`, {
    hint: "Use a smaller context or a smaller quantisation, or --engine llama.",
    details: { bytes },
  });
}

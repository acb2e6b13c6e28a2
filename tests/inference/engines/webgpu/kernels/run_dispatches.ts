/** Runs an op once on plain arrays. */
import type { BufferRange, Dispatch } from "../../../../../inference/engines/webgpu/device/dispatch.ts";
import type { GpuDevice } from "../../../../../inference/engines/webgpu/device/gpu_device.ts";

/** The word of the step that holds the rows; the others hold what must not be used. */
export const countWord = 2;

/** Buffers of one op, freed after it ran. */
export class Bench {
  readonly #gpu: GpuDevice;
  readonly #ranges: BufferRange[] = [];

  constructor(gpu: GpuDevice) {
    this.#gpu = gpu;
  }

  async input(data: Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>): Promise<BufferRange> {
    const range = await this.space(data.byteLength);
    this.#gpu.write(range, data);
    return range;
  }

  async space(bytes: number): Promise<BufferRange> {
    const range = await this.#gpu.buffer(bytes, "test");
    this.#ranges.push(range);
    return range;
  }

  async step(rows: number): Promise<BufferRange> {
    const range = await this.#gpu.uniform(16, "step");
    this.#gpu.write(range, Uint32Array.of(99, 99, rows, 99));
    this.#ranges.push(range);
    return range;
  }

  /** Runs and gives the bytes of `output`. */
  async run(dispatches: Dispatch[], rows: number, output: BufferRange): Promise<ArrayBuffer> {
    await this.#gpu.run(dispatches, rows);
    const bytes = await this.#gpu.read(output);
    await this.#gpu.checkAll();
    return bytes.buffer;
  }

  free(): void {
    for (const { buffer } of this.#ranges) buffer.destroy();
    this.#gpu.forgetBindings();
  }
}

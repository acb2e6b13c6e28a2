/**
 * Reading from the GPU. Awaiting a map costs 10 ms on Deno, which polls and then sleeps; but the poll blocks, so
 * right after `mapAsync` returned the buffer is mapped already and can be read without awaiting (0.2 ms). That
 * holds only for a buffer that was mapped and awaited once before: on a fresh one the process would die.
 */

interface Staging {
  buffer: GPUBuffer;
  bytes: number;
  busy: boolean;
}

/** Bytes on their way from the GPU: valid once the commands that copy them were submitted. */
export interface PendingRead {
  /**
   * The bytes, a copy. Blocks until the GPU is done; a promise where this runtime cannot read without awaiting.
   * To be called once, after the submit.
   */
  take(): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>;
}

const smallest = 4096;

export class ReadbackPool {
  readonly #device: GPUDevice;
  readonly #staging: Staging[] = [];
  #synchronous = false;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** True when reads do not await. */
  get synchronous(): boolean {
    return this.#synchronous;
  }

  /** Makes warm staging buffers for `count` reads of `bytes` at once. Throws nothing; costs 10 ms. */
  async reserve(bytes: number, count = 1): Promise<void> {
    const size = stagingSize(bytes);
    const missing = count - this.#staging.filter((staging) => staging.bytes >= size).length;
    const fresh = Array.from({ length: Math.max(0, missing) }, () => this.#create(size));
    await Promise.all(fresh.map(async ({ buffer }) => {
      await buffer.mapAsync(GPUMapMode.READ);
      buffer.getMappedRange();
      buffer.unmap();
    }));
    this.#staging.push(...fresh);
  }

  /** Finds out whether reading without awaiting gives right values here; until then every read awaits. */
  async selfTest(): Promise<boolean> {
    await this.reserve(smallest, 2);
    const pattern = Uint32Array.from({ length: 64 }, (_, i) => (i * 2_654_435_761) >>> 0);
    const source = this.#device.createBuffer({
      size: pattern.byteLength,
      usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    this.#device.queue.writeBuffer(source, 0, pattern);
    this.#synchronous = true;
    try {
      for (let round = 0; round < 2 && this.#synchronous; round++) {
        const encoder = this.#device.createCommandEncoder();
        const read = this.record(encoder, source, 0, pattern.byteLength);
        this.#device.queue.submit([encoder.finish()]);
        const words = new Uint32Array((read.take() as Uint8Array<ArrayBuffer>).buffer);
        this.#synchronous = words.every((word, i) => word === pattern[i]);
      }
    } catch {
      this.#synchronous = false;
    }
    source.destroy();
    return this.#synchronous;
  }

  /**
   * Adds a copy to the commands. `offset` and `bytes` are multiples of 4; `reserve` must have made room.
   * @throws {RangeError} when all staging buffers of that size are in use.
   */
  record(encoder: GPUCommandEncoder, source: GPUBuffer, offset: number, bytes: number): PendingRead {
    const fitting = this.#staging.filter((staging) => !staging.busy && staging.bytes >= bytes);
    const staging = fitting.sort((a, b) => a.bytes - b.bytes)[0];
    if (staging === undefined) throw new RangeError(`No staging buffer was reserved for ${bytes} bytes`);
    staging.busy = true;
    encoder.copyBufferToBuffer(source, offset, staging.buffer, 0, bytes);
    return { take: () => this.#take(staging, bytes) };
  }

  destroy(): void {
    for (const { buffer } of this.#staging) buffer.destroy();
    this.#staging.length = 0;
  }

  #take(staging: Staging, bytes: number): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
    const mapped = staging.buffer.mapAsync(GPUMapMode.READ, 0, stagingSize(bytes));
    if (this.#synchronous) {
      Promise.resolve(mapped).catch(() => {}); // a lost device; `getMappedRange` throws then
      return this.#copy(staging, bytes);
    }
    return Promise.resolve(mapped).then(() => this.#copy(staging, bytes));
  }

  #copy(staging: Staging, bytes: number): Uint8Array<ArrayBuffer> {
    try {
      return new Uint8Array(staging.buffer.getMappedRange(0, bytes).slice(0));
    } finally {
      staging.buffer.unmap();
      staging.busy = false;
    }
  }

  #create(bytes: number): Staging {
    const buffer = this.#device.createBuffer({
      label: "readback",
      size: bytes,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    return { buffer, bytes, busy: false };
  }
}

/** Powers of two, so that a pool of a few sizes serves all. */
function stagingSize(bytes: number): number {
  return Math.max(smallest, 2 ** Math.ceil(Math.log2(bytes)));
}

/** Many tensors in few large buffers, each a range aligned for binding. */
import type { BufferRange } from "./dispatch.ts";

/** Multiple of every adapter's alignment of storage and uniform bindings. */
export const bindingAlignment = 256;

export interface ArenaOptions {
  label: string;
  usage: GPUBufferUsageFlags;
  /** Bytes of a block; a range that is larger gets a buffer of its own. */
  blockBytes: number;
  /** Makes a buffer; throws "out_of_memory" when the GPU has none left. */
  allocate: (bytes: number, usage: GPUBufferUsageFlags, label: string) => Promise<GPUBuffer>;
}

/** Hands out ranges one after another; all of them are freed together. */
export class Arena {
  readonly #options: ArenaOptions;
  readonly #buffers: GPUBuffer[] = [];
  #current?: { buffer: GPUBuffer; used: number };
  #bytes = 0;

  constructor(options: ArenaOptions) {
    this.#options = options;
  }

  /** Bytes of the GPU's memory that the arena holds. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A range of at least 4 bytes, aligned for binding. @throws {SkiffError} "out_of_memory" */
  async range(bytes: number): Promise<BufferRange> {
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    const space = Math.ceil(size / bindingAlignment) * bindingAlignment;
    const { blockBytes } = this.#options;
    if (space > blockBytes) return { buffer: await this.#block(space), offset: 0, size };
    if (this.#current === undefined || this.#current.used + space > blockBytes) {
      this.#current = { buffer: await this.#block(blockBytes), used: 0 };
    }
    const offset = this.#current.used;
    this.#current.used += space;
    return { buffer: this.#current.buffer, offset, size };
  }

  free(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.#buffers.length = 0;
    this.#current = undefined;
    this.#bytes = 0;
  }

  async #block(bytes: number): Promise<GPUBuffer> {
    const { allocate, usage, label } = this.#options;
    const buffer = await allocate(bytes, usage, `${label} ${this.#buffers.length}`);
    this.#buffers.push(buffer);
    this.#bytes += bytes;
    return buffer;
  }
}

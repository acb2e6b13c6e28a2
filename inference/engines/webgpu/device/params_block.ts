/** Parameters of many dispatches in one uniform buffer, a window of 256 bytes each. */
import type { Dispatch } from "./dispatch.ts";
import { paramsBytes } from "./pipeline_cache.ts";

/** Writes the words of each dispatch to the window of its index, from window `first` on. */
export function writeParams(
  queue: GPUQueue,
  buffer: GPUBuffer,
  dispatches: readonly Dispatch[],
  first = 0,
): void {
  const words = new Uint32Array(dispatches.length * paramsBytes / 4);
  dispatches.forEach(({ params, kernel }, i) => {
    if (params.length * 4 > paramsBytes) throw new RangeError(`${kernel.name} has too many parameters`);
    words.set(params, i * paramsBytes / 4);
  });
  queue.writeBuffer(buffer, first * paramsBytes, words);
}

/**
 * Windows for dispatches that run once. The queue runs writes and submits in order, so a window may be written
 * anew as soon as the submit that reads it was handed over: the ring only has to hold what one submit uses.
 */
export class ParamsRing {
  readonly buffer: GPUBuffer;
  readonly #queue: GPUQueue;
  readonly #windows: number;
  #next = 0;

  constructor(device: GPUDevice, windows = 1024) {
    this.#queue = device.queue;
    this.#windows = windows;
    this.buffer = device.createBuffer({
      label: "params ring",
      size: windows * paramsBytes,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
  }

  /** Puts the parameters into consecutive windows and gives the byte offset of the first. */
  push(dispatches: readonly Dispatch[]): number {
    if (dispatches.length > this.#windows) {
      throw new RangeError(`One submit takes at most ${this.#windows} dispatches outside of plans`);
    }
    if (this.#next + dispatches.length > this.#windows) this.#next = 0;
    const first = this.#next;
    this.#next += dispatches.length;
    writeParams(this.#queue, this.buffer, dispatches, first);
    return first * paramsBytes;
  }
}

/** Bind groups by layout and ranges: making one costs 11 to 50 µs, 300 a token would be a tenth of it. */
import type { BufferRange } from "./dispatch.ts";
import { paramsBytes } from "./pipeline_cache.ts";

export class BindGroupCache {
  readonly #device: GPUDevice;
  readonly #groups = new Map<string, GPUBindGroup>();
  /** Numbers of layouts and buffers, for keys. */
  readonly #numbers = new WeakMap<object, number>();
  #next = 1;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  get size(): number {
    return this.#groups.size;
  }

  /** The group whose binding 0 is a window into `params` and whose bindings 1 … are `ranges`. */
  get(layout: GPUBindGroupLayout, params: GPUBuffer, ranges: readonly BufferRange[]): GPUBindGroup {
    let key = `${this.#number(layout)} ${this.#number(params)}`;
    for (const { buffer, offset, size } of ranges) key += ` ${this.#number(buffer)}:${offset}:${size}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = this.#device.createBindGroup({
        layout,
        entries: [
          { binding: 0, resource: { buffer: params, offset: 0, size: paramsBytes } },
          ...ranges.map(({ buffer, offset, size }, i) => ({
            binding: i + 1,
            resource: { buffer, offset, size },
          })),
        ],
      });
      this.#groups.set(key, group);
    }
    return group;
  }

  /** Forgets all groups: they keep their buffers alive. */
  clear(): void {
    this.#groups.clear();
  }

  #number(object: object): number {
    let number = this.#numbers.get(object);
    if (number === undefined) this.#numbers.set(object, number = this.#next++);
    return number;
  }
}

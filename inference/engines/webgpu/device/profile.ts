/** Where the time goes: GPU nanoseconds by label, from a pair of timestamps around each dispatch. */
import type { ReadbackPool } from "./readback.ts";

export interface ProfileRow {
  label: string;
  dispatches: number;
  nanoseconds: number;
}

/** Collects timestamps; each dispatch runs in a pass of its own while it is used, which slows it a little. */
export class Profile {
  readonly #device: GPUDevice;
  readonly #reads: ReadbackPool;
  readonly #capacity: number;
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #rows = new Map<string, ProfileRow>();
  #labels: string[] = [];

  /** Use `GpuDevice.startProfile`. `capacity` = dispatches of one submit. */
  constructor(device: GPUDevice, reads: ReadbackPool, capacity: number) {
    this.#device = device;
    this.#reads = reads;
    this.#capacity = capacity;
    this.#queries = device.createQuerySet({ type: "timestamp", count: 2 * capacity });
    this.#resolved = device.createBuffer({
      size: 16 * capacity,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
  }

  /** Timestamps for the next pass; undefined when the submit has more dispatches than there is room for. */
  pass(label: string): GPUComputePassTimestampWrites | undefined {
    const i = this.#labels.length;
    if (i >= this.#capacity) return undefined;
    this.#labels.push(label);
    return {
      querySet: this.#queries,
      beginningOfPassWriteIndex: 2 * i,
      endOfPassWriteIndex: 2 * i + 1,
    };
  }

  /** Resolves what the passes of these commands wrote; the result is added up when it is taken. */
  resolve(encoder: GPUCommandEncoder): () => Promise<void> {
    const labels = this.#labels;
    this.#labels = [];
    if (labels.length === 0) return () => Promise.resolve();
    encoder.resolveQuerySet(this.#queries, 0, 2 * labels.length, this.#resolved, 0);
    const read = this.#reads.record(encoder, this.#resolved, 0, 16 * labels.length);
    return async () => this.#add(labels, await read.take());
  }

  /** What was measured so far, dearest first. */
  rows(): ProfileRow[] {
    return [...this.#rows.values()].sort((a, b) => b.nanoseconds - a.nanoseconds);
  }

  free(): void {
    this.#queries.destroy();
    this.#resolved.destroy();
  }

  #add(labels: string[], bytes: Uint8Array<ArrayBuffer>): void {
    const times = new BigUint64Array(bytes.buffer, bytes.byteOffset, 2 * labels.length);
    labels.forEach((label, i) => {
      const row = this.#rows.get(label) ?? { label, dispatches: 0, nanoseconds: 0 };
      row.dispatches++;
      row.nanoseconds += Math.max(0, Number(times[2 * i + 1] - times[2 * i]));
      this.#rows.set(label, row);
    });
  }
}

/** The best logits of the wanted rows, chosen on the GPU: what a sampler needs, in a few hundred bytes. */
import type { CommandPlan } from "../device/command_plan.ts";
import type { BufferRange } from "../device/dispatch.ts";
import type { GpuDevice } from "../device/gpu_device.ts";
import type { PendingRead } from "../device/readback.ts";
import type { Recorder } from "../device/recorder.ts";
import { largestK, topK, topKScratchBytes } from "../kernels/choose.ts";

export interface TopRow {
  /** Best first; of equal ones the lower first. */
  ids: Int32Array;
  logits: Float32Array;
}

/** What a step needs to give the best of its rows instead of all. */
export interface TopStep {
  record(recorder: Recorder): PendingRead;
  rows(bytes: Uint8Array<ArrayBuffer>): TopRow[];
}

interface Chooser {
  plan: CommandPlan;
  output: BufferRange;
}

export interface TopRowsParts {
  gpu: GpuDevice;
  step: BufferRange;
  /** Word of the step's uniform that counts the wanted rows. */
  countWord: number;
  logits: BufferRange;
  columns: number;
  mostRows: number;
}

export class TopRows {
  readonly #parts: TopRowsParts;
  readonly #choosers = new Map<number, Chooser>();
  readonly #owned: BufferRange[] = [];

  constructor(parts: TopRowsParts) {
    this.#parts = parts;
  }

  /** Whether so few are asked for that the GPU can choose them. */
  static possible(k: number): boolean {
    return k >= 1 && k <= largestK;
  }

  /** For the k best of `wanted` rows; buffers are made when a k is first asked for. */
  async prepare(k: number, wanted: number): Promise<TopStep> {
    let chooser = this.#choosers.get(k);
    if (!chooser) this.#choosers.set(k, chooser = await this.#make(k));
    const { plan, output } = chooser;
    const size = wanted * k * 8;
    return {
      record(recorder) {
        recorder.run(plan.dispatches, wanted);
        return recorder.read({ ...output, size });
      },
      rows: (bytes) => Array.from({ length: wanted }, (_, i) => readRow(bytes, i, k)),
    };
  }

  free(): void {
    for (const { buffer } of this.#owned) buffer.destroy();
  }

  async #make(k: number): Promise<Chooser> {
    const { gpu, mostRows, columns, logits, step, countWord } = this.#parts;
    const output = await gpu.buffer(mostRows * k * 8, "best logits");
    const scratchBytes = topKScratchBytes(mostRows, columns, k);
    const scratch = scratchBytes > 0 ? await gpu.buffer(scratchBytes, "candidates") : undefined;
    this.#owned.push(output, ...(scratch ? [scratch] : []));
    await gpu.reads.reserve(mostRows * k * 8);
    const dispatches = topK({ logits, columns, step, countWord, k, output, scratch, label: "top_k" });
    return { plan: await gpu.prepare(dispatches), output };
  }
}

function readRow(bytes: Uint8Array<ArrayBuffer>, row: number, k: number): TopRow {
  const words = new DataView(bytes.buffer, bytes.byteOffset + row * k * 8, k * 8);
  return {
    ids: Int32Array.from({ length: k }, (_, i) => words.getInt32(i * 8, true)),
    logits: Float32Array.from({ length: k }, (_, i) => words.getFloat32(i * 8 + 4, true)),
  };
}

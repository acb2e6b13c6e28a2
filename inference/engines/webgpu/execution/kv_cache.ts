/**
 * Keys and values on the GPU: for each layer two ranges of pages (kernels/parts/kv_cache.wgsl). Pages belong to
 * sequences as page_table.ts says.
 */
import type { Arena } from "../device/arena.ts";
import type { BufferRange } from "../device/dispatch.ts";
import type { GpuDevice } from "../device/gpu_device.ts";
import type { Recorder } from "../device/recorder.ts";
import type { AttentionShape } from "../graph/nodes.ts";
import { type CacheType, pagePositions } from "../kernels/attention.ts";
import type { PageCopy } from "./page_table.ts";

/** Bytes of a page of keys, or of values: its quants and, behind those of all pages, its scales. */
export interface PageBytes {
  quants: number;
  scales: number;
}

const elementBytes = { f32: 4, f16: 2, q8_0: 1 };

export function pageBytes({ kvHeads, headSize }: AttentionShape, type: CacheType): PageBytes {
  const rows = pagePositions * kvHeads;
  return {
    quants: rows * headSize * elementBytes[type],
    scales: type === "q8_0" ? rows * Math.ceil(headSize / 64) * 4 : 0,
  };
}

/** Keys and values of one layer. */
export interface LayerCache {
  keys: BufferRange;
  values: BufferRange;
  page: PageBytes;
  /** First word of the scales. */
  scales: number;
}

export class KvCache {
  readonly layers: readonly LayerCache[];
  readonly pages: BufferRange;
  readonly #gpu: GpuDevice;
  /** A page rests here while it is copied: a copy within one buffer is not allowed. */
  readonly scratch: BufferRange;

  constructor(gpu: GpuDevice, parts: { layers: LayerCache[]; pages: BufferRange; scratch: BufferRange }) {
    this.#gpu = gpu;
    this.layers = parts.layers;
    this.pages = parts.pages;
    this.scratch = parts.scratch;
  }

  /** Writes the page numbers of one sequence. */
  writeTable(words: Uint32Array<ArrayBuffer>, sequence: number, pagesPerSequence: number): void {
    const first = sequence * pagesPerSequence;
    this.#gpu.write(this.pages, words.subarray(first, first + pagesPerSequence), first * 4);
  }

  /** Adds the copies of pages, of all layers, to the commands of a step. */
  copyPages(recorder: Recorder, copies: readonly PageCopy[]): void {
    for (const { from, to } of copies) {
      for (const { keys, values, page, scales } of this.layers) {
        for (const range of [keys, values]) {
          this.#copy(recorder, range, from * page.quants, to * page.quants, page.quants);
          const first = scales * 4;
          this.#copy(recorder, range, first + from * page.scales, first + to * page.scales, page.scales);
        }
      }
    }
  }

  #copy(recorder: Recorder, range: BufferRange, from: number, to: number, bytes: number): void {
    if (bytes === 0) return;
    const part = (offset: number) => ({ buffer: range.buffer, offset: range.offset + offset, size: bytes });
    recorder.copy(part(from), this.scratch, bytes);
    recorder.copy(this.scratch, part(to), bytes);
  }
}

/** The cache of `pages` pages for each layer. @throws {SkiffError} "out_of_memory" */
export async function allocateCache(
  gpu: GpuDevice,
  arena: Arena,
  shapes: readonly AttentionShape[],
  options: { type: CacheType; pages: number; tableWords: number },
): Promise<KvCache> {
  const { type, pages, tableWords } = options;
  const layers: LayerCache[] = [];
  let largest = 16;
  for (const shape of shapes) {
    const page = pageBytes(shape, type);
    largest = Math.max(largest, page.quants, page.scales);
    const bytes = pages * (page.quants + page.scales);
    const [keys, values] = [await arena.range(bytes), await arena.range(bytes)];
    layers.push({ keys, values, page, scales: pages * page.quants / 4 });
  }
  const table = await gpu.buffer(tableWords * 4, "pages");
  return new KvCache(gpu, { layers, pages: table, scratch: await gpu.buffer(largest, "page copy") });
}

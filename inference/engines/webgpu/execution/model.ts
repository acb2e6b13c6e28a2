/**
 * A model on the GPU, ready to run: its buffers, and its pass as recorded dispatches, prepared once for each size
 * of step. Knows rows and pages; sequences and tokens are the engine's.
 */
import type { CommandPlan } from "../device/command_plan.ts";
import type { BufferRange, Dispatch } from "../device/dispatch.ts";
import type { GpuDevice } from "../device/gpu_device.ts";
import type { PassResources } from "../graph/record.ts";
import { recordPass, wantedWord } from "../graph/record.ts";
import { batchBuffer, type BatchSections, type LaidOutBatch } from "./batch_layout.ts";
import type { KvCache } from "./kv_cache.ts";
import { type ExecutionSizes, extraParts } from "./memory_need.ts";
import type { PageCopy } from "./page_table.ts";
import { type TopRow, TopRows } from "./top_rows.ts";

/** What steps cost, for tests and benches; counts since loading. */
export interface StepCounters {
  steps: number;
  /** Compute passes. */
  passes: number;
  submits: number;
  readbacks: number;
  dispatches: number;
}

export interface ModelParts {
  gpu: GpuDevice;
  sizes: ExecutionSizes;
  sections: BatchSections;
  resources: PassResources;
  cache: KvCache;
  /** Rows of logits, or of embeddings: what is read after a step. */
  output: BufferRange;
  outputWidth: number;
  /** Bytes held on the GPU. */
  bytes: number;
  free: () => void;
}

export class Model {
  readonly gpu: GpuDevice;
  readonly sizes: ExecutionSizes;
  readonly sections: BatchSections;
  readonly cache: KvCache;
  readonly bytes: number;
  /** What batches are laid out in; copied when a step is recorded. */
  readonly batchBuffer: Uint32Array<ArrayBuffer>;
  readonly counters: StepCounters = { steps: 0, passes: 0, submits: 0, readbacks: 0, dispatches: 0 };
  readonly #parts: ModelParts;
  readonly #bodies = new Map<number, Promise<CommandPlan>>();
  readonly #heads = new Map<number, Promise<CommandPlan>>();
  readonly #top: TopRows;

  /** Use `loadModel`. */
  constructor(parts: ModelParts) {
    this.gpu = parts.gpu;
    this.sizes = parts.sizes;
    this.sections = parts.sections;
    this.cache = parts.cache;
    this.bytes = parts.bytes;
    this.batchBuffer = batchBuffer(parts.sections);
    this.#parts = parts;
    this.#top = new TopRows({
      gpu: parts.gpu,
      step: parts.resources.shared.step,
      countWord: wantedWord,
      logits: parts.output,
      columns: parts.outputWidth,
      mostRows: parts.sizes.wantedRows,
    });
  }

  /** What its dispatches work on; for tests and benches. */
  get resources(): PassResources {
    return this.#parts.resources;
  }

  /** The dispatches of steps with so many tokens, of which so many are wanted. */
  dispatches(rows: number, wanted: number): { body: Dispatch[]; head: Dispatch[] } {
    const { microRows, wantedRows } = this.sizes;
    return recordPass(this.#parts.resources, bucketOf(rows, microRows), bucketOf(wanted, wantedRows));
  }

  /**
   * Computes a micro-batch: one submit, and one read where rows are wanted. Gives the wanted rows, in the order of
   * the batch's `wantedIndices`: logits [wanted, V] or embeddings [wanted, E]; with `topK` the best of each instead.
   */
  async run(batch: LaidOutBatch, copies: readonly PageCopy[], topK?: number): Promise<StepResult> {
    const { gpu } = this.#parts;
    const wanted = batch.wantedIndices.length;
    const body = await this.#body(batch.rows);
    const head = wanted > 0 ? await this.#head(wanted) : undefined;
    const top = topK && wanted > 0 ? await this.#top.prepare(topK, wanted) : undefined;
    this.#place(batch);
    const recorder = gpu.record();
    this.cache.copyPages(recorder, copies);
    recorder.run(body.dispatches, batch.rows);
    if (head) recorder.run(head.dispatches, wanted);
    const pending = wanted > 0 ? top?.record(recorder) ?? recorder.read(this.#outputRows(wanted)) : undefined;
    const submitted = recorder.submit();
    this.counters.passes += recorder.passes;
    this.#count(batch.rows, wanted, body, head);
    const bytes = await pending?.take();
    if (this.counters.steps % stepsBetweenTurns === 0) await eventLoopTurn();
    gpu.check();
    await submitted.profiled;
    if (bytes === undefined) return {};
    return top ? { top: top.rows(bytes) } : { rows: new Float32Array(bytes.buffer) };
  }

  /** Compiles what single tokens need, and on hardware what prompts do, before anybody waits for an answer. */
  async warmUp(): Promise<void> {
    await this.#body(1);
    await this.#head(1);
    if (!this.gpu.features.software) await this.#body(this.sizes.microRows);
  }

  free(): void {
    this.#top.free();
    this.#parts.free();
  }

  #place(batch: LaidOutBatch): void {
    const { gpu, resources: { shared, step } } = this.#parts;
    step.singles = batch.singles;
    step.tiles = batch.tiles;
    step.splits = chooseSplits(batch, gpu.features.software);
    batch.buffer.set([batch.rows, batch.wantedIndices.length, step.singles, step.splits]);
    gpu.write({ ...shared.step, size: batch.buffer.byteLength }, batch.buffer); // the rest of it is `shared.batch`
  }

  #outputRows(rows: number): BufferRange {
    const { output, outputWidth } = this.#parts;
    return { ...output, size: rows * outputWidth * 4 };
  }

  #body(rows: number): Promise<CommandPlan> {
    const bucket = bucketOf(rows, this.sizes.microRows);
    return this.#prepared(this.#bodies, bucket, () => recordPass(this.#parts.resources, bucket, 1).body);
  }

  #head(wanted: number): Promise<CommandPlan> {
    const bucket = bucketOf(wanted, this.sizes.wantedRows);
    return this.#prepared(this.#heads, bucket, () => recordPass(this.#parts.resources, 1, bucket).head);
  }

  #prepared(
    plans: Map<number, Promise<CommandPlan>>,
    bucket: number,
    dispatches: () => Dispatch[],
  ): Promise<CommandPlan> {
    const known = plans.get(bucket);
    if (known) return known;
    const preparing = this.#prepare(dispatches(), bucket);
    plans.set(bucket, preparing);
    preparing.catch(() => plans.delete(bucket));
    return preparing;
  }

  async #prepare(dispatches: Dispatch[], bucket: number): Promise<CommandPlan> {
    await this.gpu.reads.reserve(bucket * this.#parts.outputWidth * 4);
    return await this.gpu.prepare(dispatches);
  }

  #count(rows: number, wanted: number, body: CommandPlan, head: CommandPlan | undefined): void {
    const { counters } = this;
    counters.steps++;
    counters.submits++;
    if (wanted > 0) counters.readbacks++;
    const run = (plan: CommandPlan, count: number) =>
      plan.dispatches.filter(({ workgroups }) => {
        const [x, y, z] = typeof workgroups === "function" ? workgroups(count) : workgroups;
        return x * y * z > 0;
      }).length;
    counters.dispatches += run(body, rows) + (head ? run(head, wanted) : 0);
  }
}

/**
 * A read that does not await leaves a promise behind, which ends only when the event loop turns; a caller that awaits
 * nothing else would pile them up, a kilobyte each.
 */
const stepsBetweenTurns = 256;

function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** What a step gave: rows of floats, or the best of each row. */
export interface StepResult {
  rows?: Float32Array<ArrayBuffer>;
  top?: TopRow[];
}

/** Steps of one, two, four, eight rows and of any more have kernels of their own. */
function bucketOf(rows: number, most: number): number {
  return [1, 2, 4, 8].find((bucket) => rows <= bucket && bucket < most) ?? most;
}

/**
 * Into how many parts the pages of single tokens are split: enough for all of a GPU's processors, no part shorter
 * than two pages, no more parts than there is room for.
 */
export function chooseSplits(
  { singles, singlePages }: Pick<LaidOutBatch, "singles" | "singlePages">,
  software: boolean,
): number {
  if (singles === 0) return 1;
  const useful = Math.ceil(singlePages / 2);
  const room = 1 + Math.floor(extraParts / singles);
  return Math.max(1, Math.min(useful, room, software ? 2 : 64));
}

/** A model on our own kernels, as an `Engine`. Sequences, their pages and their tokens; the GPU is `Model`'s. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Batch, Engine, EngineInfo, Logits, Pooling, TopK } from "../engine.ts";
import { layOutBatch, orderTokens, type PlacedToken } from "./execution/batch_layout.ts";
import type { Model, StepCounters } from "./execution/model.ts";
import { type GrowthRequest, type PageCopy, PageTable } from "./execution/page_table.ts";
import { pool, wantedFor } from "./execution/pooling.ts";

export interface WebgpuEngineParts {
  model: Model;
  info: EngineInfo;
  pooling: Pooling;
  /** Queries of a tile of attention. */
  tileQueries: number;
  /** Loads the model anew, after the GPU was lost. */
  reload: () => Promise<Model>;
}

export class WebgpuEngine implements Engine {
  readonly info: EngineInfo;
  readonly #parts: WebgpuEngineParts;
  #model: Model;
  #table: PageTable;
  /** The tokens that each sequence holds: what is computed again when the GPU was lost. */
  #tokens: number[][];
  #lost = false;
  #closed = false;

  constructor(parts: WebgpuEngineParts) {
    this.info = parts.info;
    this.#parts = parts;
    this.#model = parts.model;
    this.#table = this.#emptyTable();
    this.#tokens = Array.from({ length: this.#model.sizes.sequences }, () => []);
    this.#watch(this.#model);
  }

  /** What steps have cost so far. */
  get counters(): Readonly<StepCounters> {
    return this.#model.counters;
  }

  /** The model; for benches, which look at its dispatches and its device. */
  get model(): Model {
    return this.#model;
  }

  async decode(batch: Batch): Promise<Logits> {
    this.#refuseEmbedding();
    const { vocabularySize } = this.info;
    const rows: Float32Array[] = [];
    await this.#compute(batch, undefined, (index, values) => rows[index] = values);
    const inOrder = rows.filter((row) => row !== undefined);
    return {
      rows: inOrder.length,
      row(i) {
        if (i < 0 || i >= inOrder.length) throw new RangeError(`Row ${i} of ${inOrder.length} rows of logits`);
        return inOrder[i].subarray(0, vocabularySize);
      },
    };
  }

  async topK(batch: Batch, k: number): Promise<TopK[]> {
    this.#refuseEmbedding();
    const best: TopK[] = [];
    const count = Math.min(k, this.info.vocabularySize);
    await this.#compute(batch, count, undefined, (index, top) => best[index] = top);
    return best.filter((top) => top !== undefined);
  }

  async embed(inputs: Int32Array[], pooling: Pooling = this.#parts.pooling): Promise<Float32Array[]> {
    if (!this.info.embeddingOnly) {
      throw new SkiffError("unsupported", "This model was loaded to generate text, not for embeddings");
    }
    const vectors: Float32Array[] = [];
    for (const input of inputs) {
      this.#checkInput(input);
      const rows: Float32Array[] = [];
      try {
        const wanted = wantedFor(pooling, input.length);
        const batch = {
          tokens: input,
          positions: Int32Array.from(input, (_, i) => i),
          sequences: new Int32Array(input.length),
          wanted,
        };
        await this.#compute(batch, undefined, (index, values) => rows[index] = values);
      } finally {
        this.freeSequence(0);
      }
      vectors.push(pool(pooling, rows.filter((row) => row !== undefined)));
    }
    return vectors;
  }

  copySequence(from: number, to: number, length: number): void {
    this.#table.share(from, to, length);
    this.#tokens[to] = this.#tokens[from].slice(0, length);
  }

  truncateSequence(sequence: number, length: number): boolean {
    this.#table.truncate(sequence, length);
    if (this.#tokens[sequence].length > length) this.#tokens[sequence].length = length;
    return true;
  }

  freeSequence(sequence: number): void {
    this.truncateSequence(sequence, 0);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#model.free();
  }

  #emptyTable(): PageTable {
    const { sequences, contextTokens, pages } = this.#model.sizes;
    return new PageTable({ sequences, contextTokens, pages });
  }

  #watch(model: Model): void {
    model.gpu.lost.then(() => {
      if (model === this.#model) this.#lost = true;
    });
  }

  #refuseEmbedding(): void {
    if (this.info.embeddingOnly) {
      throw new SkiffError("unsupported", "This model was loaded for embeddings only");
    }
  }

  #checkInput(input: Int32Array): void {
    const { maxBatchTokens } = this.info;
    if (input.length === 0) throw new SkiffError("invalid_input", "There is nothing to embed in an empty text");
    if (input.length <= maxBatchTokens) return;
    throw new SkiffError(
      "context_overflow",
      `The input has ${input.length} tokens; this model embeds at most ${maxBatchTokens} at once`,
      { details: { n_prompt_tokens: input.length, n_ctx: maxBatchTokens } },
    );
  }

  /** Computes a batch, in micro-batches, and hands over each wanted row with its index in the batch. */
  async #compute(
    batch: Batch,
    topK: number | undefined,
    takeRow?: (index: number, values: Float32Array) => void,
    takeTop?: (index: number, top: TopK) => void,
  ): Promise<void> {
    if (this.#lost) await this.#recover();
    this.#check(batch);
    const growth = this.#growth(batch);
    const held = growth.map(({ sequence }) => this.#table.length(sequence));
    const { tokens, copies } = this.#place(batch, growth);
    try {
      let waiting: readonly PageCopy[] = copies;
      for (const micro of this.#microBatches(tokens)) {
        const laidOut = layOutBatch(orderTokens(micro), this.#model.sections, {
          pageWords: this.#table.pagesPerSequence,
          queries: this.#parts.tileQueries,
        });
        const { rows, top } = await this.#model.run(laidOut, waiting, topK);
        waiting = [];
        const width = rows ? rows.length / laidOut.wantedIndices.length : 0;
        laidOut.wantedIndices.forEach((index, i) => {
          if (top) takeTop?.(index, top[i]);
          else takeRow?.(index, rows!.subarray(i * width, (i + 1) * width));
        });
      }
    } catch (error) {
      growth.forEach(({ sequence }, i) => this.truncateSequence(sequence, held[i]));
      throw error;
    }
  }

  /** Refuses what does not exist before anything is computed. */
  #check({ tokens, sequences }: Batch): void {
    const { maxBatchTokens, vocabularySize } = this.info;
    if (tokens.length === 0 || tokens.length > maxBatchTokens) {
      throw new SkiffError(
        "internal",
        `A batch of ${tokens.length} tokens; it must have 1 to ${maxBatchTokens}`,
      );
    }
    for (let i = 0; i < tokens.length; i++) {
      const known = tokens[i] >= 0 && tokens[i] < vocabularySize;
      if (!known || sequences[i] < 0 || sequences[i] >= this.#tokens.length) {
        throw new SkiffError("internal", `Token ${tokens[i]} of sequence ${sequences[i]} does not exist`);
      }
    }
  }

  /** How long the batch makes each of its sequences. */
  #growth({ positions, sequences }: Batch): GrowthRequest[] {
    const places = new Map<number, number[]>();
    sequences.forEach((sequence, i) => {
      const list = places.get(sequence);
      if (list) list.push(positions[i]);
      else places.set(sequence, [positions[i]]);
    });
    return [...places].map(([sequence, list]) => {
      const held = this.#table.length(sequence);
      list.sort((a, b) => a - b);
      if (list.some((position, i) => position !== held + i)) {
        throw new SkiffError("internal", `Positions of sequence ${sequence} do not follow its ${held} tokens`);
      }
      return { sequence, length: held + list.length };
    });
  }

  /** Gives every token its cell. Throws "context_overflow", and nothing has changed then. */
  #place(batch: Batch, growth: GrowthRequest[]): { tokens: PlacedToken[]; copies: PageCopy[] } {
    const held = new Map(growth.map(({ sequence }) => [sequence, this.#table.length(sequence)]));
    const grown = this.#table.grow(growth);
    for (const sequence of this.#table.takeChanged()) {
      this.#model.cache.writeTable(this.#table.words, sequence, this.#table.pagesPerSequence);
    }
    const tokens = Array.from(batch.tokens, (token, index): PlacedToken => {
      const sequence = batch.sequences[index];
      const position = batch.positions[index];
      this.#tokens[sequence][position] = token;
      const cell = grown.get(sequence)!.cells[position - held.get(sequence)!];
      return { token, position, sequence, cell, index, wanted: batch.wanted[index] !== 0 };
    });
    return { tokens, copies: [...grown.values()].flatMap(({ copies }) => copies) };
  }

  /** Parts of a batch that the buffers hold: so many rows, so many of them wanted. */
  *#microBatches(tokens: PlacedToken[]): Generator<PlacedToken[]> {
    const { microRows, wantedRows } = this.#model.sizes;
    let micro: PlacedToken[] = [];
    let wanted = 0;
    for (const token of orderTokens(tokens)) {
      if (micro.length === microRows || (token.wanted && wanted === wantedRows)) {
        yield micro;
        micro = [];
        wanted = 0;
      }
      micro.push(token);
      if (token.wanted) wanted++;
    }
    yield micro;
  }

  /** Loads the model on a new device and computes again what its sequences held. */
  async #recover(): Promise<void> {
    this.#model.free();
    this.#model = await this.#parts.reload();
    this.#lost = false;
    this.#watch(this.#model);
    const held = this.#tokens;
    this.#table = this.#emptyTable();
    this.#tokens = held.map(() => []);
    for (let sequence = 0; sequence < held.length; sequence++) {
      const { maxBatchTokens } = this.info;
      for (let first = 0; first < held[sequence].length; first += maxBatchTokens) {
        const tokens = Int32Array.from(held[sequence].slice(first, first + maxBatchTokens));
        await this.#compute({
          tokens,
          positions: tokens.map((_, i) => first + i),
          sequences: new Int32Array(tokens.length).fill(sequence),
          wanted: new Uint8Array(tokens.length),
        }, undefined);
      }
    }
  }
}

/** A model on our own kernels, as an `Engine`. Sequences, their pages and their tokens; the GPU is `Model`'s. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Batch, Engine, EngineInfo, Logits, Pooling, TopK } from "../engine.ts";
import { layOutBatch, orderTokens, type PlacedToken } from "./execution/batch_layout.ts";
import type { Model, StepCounters } from "./execution/model.ts";
import { type GrowthRequest, type PageCopy, PageTable } from "./execution/page_table.ts";
import { TopRows } from "./execution/top_rows.ts";
import { pool, wantedFor } from "./execution/pooling.ts";

export interface WebgpuEngineParts {
  model: Model;
  info: EngineInfo;
  pooling: Pooling;
  /** The device is this engine's own. */
  closeDevice: boolean;
  /** Queries of a tile of attention. */
  tileQueries: number;
  /** Loads the model anew, after the GPU was lost. */
  reload: () => Promise<Model>;
}

/** Who gets the wanted rows, by their index in the batch. */
interface Taking {
  topK?: number;
  takeRow?: (index: number, values: Float32Array) => void;
  takeTop?: (index: number, top: TopK) => void;
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
  #turn: Promise<unknown> = Promise.resolve();

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

  decode(batch: Batch): Promise<Logits> {
    return this.#inTurn(async () => {
      this.#refuseEmbedding();
      const rows: Float32Array[] = [];
      await this.#compute(batch, { takeRow: (index, values) => rows[index] = values });
      return logitsOf(rows.filter((row) => row !== undefined));
    });
  }

  topK(batch: Batch, k: number): Promise<TopK[]> {
    return this.#inTurn(async () => {
      this.#refuseEmbedding();
      const best: TopK[] = [];
      const topK = Math.min(k, this.info.vocabularySize);
      if (!TopRows.possible(topK)) {
        const takeRow = (index: number, values: Float32Array) => best[index] = bestOf(values, topK);
        await this.#compute(batch, { takeRow });
        return best.filter((top) => top !== undefined);
      }
      await this.#compute(batch, { topK, takeTop: (index, top) => best[index] = top });
      return best.filter((top) => top !== undefined);
    });
  }

  embed(inputs: Int32Array[], pooling: Pooling = this.#parts.pooling): Promise<Float32Array[]> {
    return this.#inTurn(async () => {
      if (!this.info.embeddingOnly) {
        throw new SkiffError("unsupported", "This model was loaded to generate text, not for embeddings");
      }
      for (const input of inputs) this.#checkInput(input);
      const vectors: Float32Array[] = [];
      for (const group of this.#embeddedTogether(inputs)) {
        vectors.push(...await this.#embedGroup(group, pooling));
      }
      return vectors;
    });
  }

  /** Inputs as sequences 0, 1, 2 … of one batch. */
  async #embedGroup(inputs: Int32Array[], pooling: Pooling): Promise<Float32Array[]> {
    const rows: Float32Array[] = [];
    try {
      await this.#compute({
        tokens: concatenate(inputs, (input) => input),
        positions: concatenate(inputs, (input) => input.map((_, i) => i)),
        sequences: concatenate(inputs, (input, i) => new Int32Array(input.length).fill(i)),
        wanted: Uint8Array.from(inputs.flatMap(({ length }) => [...wantedFor(pooling, length)])),
      }, { takeRow: (index, values) => rows[index] = values });
    } finally {
      inputs.forEach((_, i) => this.freeSequence(i));
    }
    let first = 0;
    return inputs.map(({ length }) => {
      const own = rows.slice(first, first += length).filter((row) => row !== undefined);
      return pool(pooling, own);
    });
  }

  *#embeddedTogether(inputs: Int32Array[]): Generator<Int32Array[]> {
    let group: Int32Array[] = [];
    let tokens = 0;
    for (const input of inputs) {
      if (group.length === this.#tokens.length || tokens + input.length > this.info.maxBatchTokens) {
        yield group;
        group = [];
        tokens = 0;
      }
      group.push(input);
      tokens += input.length;
    }
    if (group.length > 0) yield group;
  }

  /** Calls take turns, should one be made before the other is done. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
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
    this.#release(this.#model);
  }

  #release(model: Model): void {
    model.free();
    if (this.#parts.closeDevice) model.gpu.close();
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
    if (input.length === 0) {
      throw new SkiffError("invalid_input", "There is nothing to embed in an empty text");
    }
    if (input.length <= maxBatchTokens) return;
    throw new SkiffError(
      "context_overflow",
      `The input has ${input.length} tokens; this model embeds at most ${maxBatchTokens} at once`,
      { details: { n_prompt_tokens: input.length, n_ctx: maxBatchTokens } },
    );
  }

  /** Computes a batch, in micro-batches, and hands over each wanted row with its index in the batch. */
  async #compute(batch: Batch, { topK, takeRow, takeTop }: Taking): Promise<void> {
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
        }, this.#model.batchBuffer);
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
      throw await this.#explained(error);
    }
  }

  /** What a failure of the GPU was: the news that it is lost may come a moment later than what fails for it. */
  async #explained(error: unknown): Promise<unknown> {
    await new Promise((resolve) => setTimeout(resolve));
    if (!this.#lost) return error;
    return new SkiffError("unavailable", "The GPU was lost while it computed", {
      hint: "The model is loaded again with the next request; if it happens again, use --engine llama.",
      cause: error,
    });
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
        throw new SkiffError(
          "internal",
          `Positions of sequence ${sequence} do not follow its ${held} tokens`,
        );
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
    this.#release(this.#model);
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
        }, {});
      }
    }
  }
}

function logitsOf(rows: Float32Array[]): Logits {
  return {
    rows: rows.length,
    row(i) {
      if (i < 0 || i >= rows.length) throw new RangeError(`Row ${i} of ${rows.length} rows of logits`);
      return rows[i];
    },
  };
}

/** The k best of a row; for more of them than the GPU chooses. */
function bestOf(values: Float32Array, k: number): TopK {
  const ids = Int32Array.from(values, (_, id) => id);
  ids.sort((a, b) => values[b] - values[a] || a - b);
  const best = ids.slice(0, k);
  return { ids: best, logits: Float32Array.from(best, (id) => values[id]) };
}

function concatenate(inputs: Int32Array[], part: (input: Int32Array, i: number) => Int32Array): Int32Array {
  return Int32Array.from(inputs.flatMap((input, i) => [...part(input, i)]));
}

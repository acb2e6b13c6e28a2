/** A decoder that onnxruntime runs, as an `Engine`: one run of its graph a sequence and step. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Batch, Engine, EngineInfo, Logits } from "../engine.ts";
import { asFloats, firstPositions, KeyValues, tensorData } from "./key_values.ts";
import { runFailure } from "./failures.ts";
import type { PreTrainedModel, TensorMap, Transformers } from "./transformers.ts";

export interface TextEngineParts {
  transformers: Transformers;
  model: PreTrainedModel;
  info: EngineInfo;
  /** Positions of all sequences together. */
  cacheTokens: number;
  /** Tokens that one run of the graph takes. */
  microBatchTokens: number;
}

/** What a sequence holds: the first `length` positions of `values`, which may be longer after a truncation. */
interface Held {
  values: KeyValues;
  length: number;
}

/** Tokens of one sequence in a batch, with their places in it. */
interface Stretch {
  sequence: number;
  places: number[];
}

export class OnnxTextEngine implements Engine {
  readonly info: EngineInfo;
  readonly #parts: TextEngineParts;
  readonly #held = new Map<number, Held>();
  /** The graph can leave out the logits that nobody wants. */
  readonly #keepsLogits: boolean;
  #closed = false;

  constructor(parts: TextEngineParts) {
    this.info = parts.info;
    this.#parts = parts;
    this.#keepsLogits = graphOf(parts.model).inputNames.includes("num_logits_to_keep");
  }

  async decode(batch: Batch): Promise<Logits> {
    const stretches = stretchesOf(batch);
    this.#check(batch, stretches);
    const rows: [place: number, row: Float32Array][] = [];
    const after = new Map<number, Held>();
    try {
      for (const stretch of stretches) after.set(stretch.sequence, await this.#run(batch, stretch, rows));
    } catch (error) {
      for (const { values } of after.values()) values.release();
      throw runFailure(error);
    }
    for (const [sequence, held] of after) {
      this.#held.get(sequence)?.values.release();
      this.#held.set(sequence, held);
    }
    rows.sort(([a], [b]) => a - b);
    return { rows: rows.length, row: (i) => rows[i][1] };
  }

  /** Computes a sequence's tokens; adds the wanted rows. What comes out is held, and not yet the sequence's. */
  async #run(batch: Batch, { sequence, places }: Stretch, rows: [number, Float32Array][]): Promise<Held> {
    const { microBatchTokens, transformers } = this.#parts;
    const before = this.#held.get(sequence);
    let values = before?.values;
    if (before && before.length < before.values.length) {
      values = before.length === 0
        ? undefined
        : await firstPositions(before.values, before.length, transformers);
    }
    let length = before?.length ?? 0;
    const drop = () => void (values !== before?.values && values?.release());
    for (let from = 0; from < places.length; from += microBatchTokens) {
      const part = places.slice(from, from + microBatchTokens);
      const step = await this.#step(batch, part, values, length).finally(drop);
      values = step.values;
      length = values.length;
      rows.push(...step.rows);
    }
    return { values: values!, length };
  }

  /** One run of the graph. */
  async #step(batch: Batch, places: number[], past: KeyValues | undefined, length: number) {
    const count = places.length;
    const { Tensor } = this.#parts.transformers;
    const firstWanted = places.findIndex((place) => batch.wanted[place]);
    const kept = this.#keepsLogits ? (firstWanted < 0 ? 1 : count - firstWanted) : count;
    const long = (values: BigInt64Array) => new Tensor("int64", values, [1, values.length]);
    const outputs = await this.#parts.model.forward({
      input_ids: long(BigInt64Array.from(places, (place) => BigInt(batch.tokens[place]))),
      attention_mask: long(new BigInt64Array(length + count).fill(1n)),
      past_key_values: past?.tensors ?? null,
      ...(this.#keepsLogits
        ? { num_logits_to_keep: new Tensor("int64", BigInt64Array.of(BigInt(kept)), []) }
        : {}),
    });
    const values = new KeyValues(pastOf(outputs), length + count).hold();
    return { values, rows: await this.#rows(batch, places, outputs, kept) };
  }

  async #rows(batch: Batch, places: number[], { logits }: TensorMap, kept: number) {
    const wanted = places.map((place, i) => [place, i] as const).filter(([place]) => batch.wanted[place]);
    if (wanted.length === 0) return [];
    const floats = asFloats(await tensorData(logits));
    if (logits.location === "gpu-buffer") logits.dispose();
    const width = this.info.vocabularySize;
    return wanted.map(([place, i]): [number, Float32Array] => {
      const row = i - (places.length - kept);
      return [place, floats.subarray(row * width, (row + 1) * width)];
    });
  }

  /** Refuses what would not fit before anything is computed. */
  #check({ tokens, positions, sequences }: Batch, stretches: Stretch[]): void {
    const { contextTokens, maxSequences, maxBatchTokens, vocabularySize } = this.info;
    if (this.#closed || tokens.length === 0 || tokens.length > maxBatchTokens) {
      throw new SkiffError("internal", `A batch of ${tokens.length} tokens; there may be ${maxBatchTokens}`);
    }
    for (let i = 0; i < tokens.length; i++) {
      if (positions[i] >= contextTokens) throw contextOverflow(contextTokens);
      const known = tokens[i] >= 0 && tokens[i] < vocabularySize;
      if (!known || sequences[i] < 0 || sequences[i] >= maxSequences) {
        throw new SkiffError("internal", `Token ${tokens[i]} of sequence ${sequences[i]} does not exist`);
      }
    }
    for (const { sequence, places } of stretches) {
      const held = this.#held.get(sequence)?.length ?? 0;
      if (places.every((place, i) => positions[place] === held + i)) continue;
      throw new SkiffError("internal", `Positions of sequence ${sequence} do not follow what it holds`);
    }
    const held = [...this.#held.values()].reduce((sum, { length }) => sum + length, 0);
    if (held + tokens.length > this.#parts.cacheTokens) throw contextOverflow(contextTokens);
  }

  embed(): Float32Array[] {
    throw new SkiffError("unsupported", "This model was loaded to generate text, not for embeddings");
  }

  copySequence(from: number, to: number, length: number): void {
    if (from === to) return void this.truncateSequence(to, length);
    this.freeSequence(to);
    const source = this.#held.get(from);
    if (source === undefined || length === 0) return;
    this.#held.set(to, { values: source.values.hold(), length: Math.min(length, source.length) });
  }

  truncateSequence(sequence: number, length: number): boolean {
    const held = this.#held.get(sequence);
    if (held === undefined || held.length <= length) return true;
    if (length === 0) this.freeSequence(sequence);
    else if (this.info.canTruncate) held.length = length;
    else return false;
    return true;
  }

  freeSequence(sequence: number): void {
    this.#held.get(sequence)?.values.release();
    this.#held.delete(sequence);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const sequence of [...this.#held.keys()]) this.freeSequence(sequence);
    void this.#parts.model.dispose();
  }
}

/** A graph of text and cache is called so, whatever its file is. */
export function graphOf({ sessions }: PreTrainedModel) {
  return sessions.decoder_model_merged ?? sessions.model;
}

/** "present.0.key" is the next step's "past_key_values.0.key", "present_conv.0" its "past_conv.0". */
function pastOf(outputs: TensorMap): TensorMap {
  const past: TensorMap = {};
  for (const [name, tensor] of Object.entries(outputs)) {
    const match = /^present(_\w+)?(\..*)$/.exec(name);
    if (match) past[`${match[1] ? `past${match[1]}` : "past_key_values"}${match[2]}`] = tensor;
  }
  return past;
}

function stretchesOf({ sequences }: Batch): Stretch[] {
  const places = new Map<number, number[]>();
  sequences.forEach((sequence, i) => {
    const list = places.get(sequence);
    if (list) list.push(i);
    else places.set(sequence, [i]);
  });
  return [...places].map(([sequence, list]) => ({ sequence, places: list }));
}

function contextOverflow(contextTokens: number): SkiffError {
  return new SkiffError("context_overflow", `The context of ${contextTokens} tokens is full`, {
    hint: "Shorten the conversation, or load the model with a larger context.",
    details: { n_ctx: contextTokens },
  });
}

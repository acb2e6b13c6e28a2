/** A model loaded by llama.cpp, as an `Engine`. Every call blocks the thread until its result is there. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Batch, Engine, EngineInfo, Logits, Pooling } from "../engine.ts";
import { NativeBatch } from "./batch.ts";
import { cString, type NativeLibrary } from "./native.ts";

/** What llama.cpp holds for a loaded model; freed by `LlamaEngine.close`. */
export interface NativeHandles {
  model: Deno.PointerValue;
  context: Deno.PointerValue;
  threadpool: Deno.PointerValue;
}

export interface LlamaEngineParts {
  library: NativeLibrary;
  handles: NativeHandles;
  info: EngineInfo;
  /** How the context pools embeddings; it is fixed when the context is made. */
  pooling: Pooling;
  /** Rows of logits that one native call may give. */
  outputRows: number;
  /** Inputs that can be embedded in one call; 0 when the model was loaded to decode. */
  embeddingSequences: number;
}

export class LlamaEngine implements Engine {
  readonly info: EngineInfo;
  readonly #parts: LlamaEngineParts;
  readonly #llama: NativeLibrary["llama"];
  readonly #memory: Deno.PointerValue;
  readonly #batch: NativeBatch;
  readonly #rows: LogitsRows;
  readonly #adapters = new Map<string, Deno.PointerValue>();
  #closed = false;

  constructor(parts: LlamaEngineParts) {
    this.info = parts.info;
    this.#parts = parts;
    this.#llama = parts.library.llama;
    this.#memory = this.#llama.llama_get_memory(parts.handles.context);
    this.#batch = new NativeBatch(parts.library.layouts.batch, parts.info.maxBatchTokens);
    this.#rows = new LogitsRows(parts.info.vocabularySize);
  }

  decode(batch: Batch): Logits {
    this.#check(batch);
    const length = batch.tokens.length;
    let rows = 0;
    for (let i = 0; i < length; i++) if (batch.wanted[i]) rows++;
    if (rows > this.#parts.outputRows) return this.#decodeInParts(batch, rows);
    this.#run(batch, 0, length);
    this.#rows.show(rows === 0 ? null : this.#llama.llama_get_logits(this.#parts.handles.context), rows);
    return this.#rows;
  }

  /** Many rows (the logits of a whole prompt): a part after the other, each part's logits copied out. */
  #decodeInParts(batch: Batch, rows: number): Logits {
    const { outputRows, handles } = this.#parts;
    const all = new Float32Array(rows * this.info.vocabularySize);
    let done = 0;
    for (let from = 0; from < batch.tokens.length;) {
      let to = from;
      let partRows = 0;
      for (; to < batch.tokens.length && (partRows < outputRows || !batch.wanted[to]); to++) {
        if (batch.wanted[to]) partRows++;
      }
      this.#run(batch, from, to);
      this.#rows.show(this.#llama.llama_get_logits(handles.context), partRows);
      for (let i = 0; i < partRows; i++) all.set(this.#rows.row(i), (done + i) * this.info.vocabularySize);
      done += partRows;
      from = to;
    }
    const { vocabularySize } = this.info;
    return { rows, row: (i) => all.subarray(i * vocabularySize, (i + 1) * vocabularySize) };
  }

  /** Computes the tokens [from, to) of a batch. */
  #run(batch: Batch, from: number, to: number): void {
    const { tokens, positions, sequences, wanted } = batch;
    for (let i = from; i < to; i++) {
      this.#batch.put(i - from, tokens[i], positions[i], sequences[i], wanted[i]);
    }
    const status = this.#llama.llama_decode(this.#parts.handles.context, this.#batch.bytes(to - from));
    if (status !== 0) throw this.#decodeError(status, batch, from);
  }

  /** Refuses what would not fit before anything is computed. */
  #check({ tokens, positions, sequences }: Batch): void {
    const { contextTokens, maxSequences, maxBatchTokens, vocabularySize, embeddingOnly } = this.info;
    if (embeddingOnly) throw new SkiffError("unsupported", "This model was loaded for embeddings only");
    if (tokens.length === 0 || tokens.length > maxBatchTokens) {
      throw new SkiffError(
        "internal",
        `A batch of ${tokens.length} tokens; it must have 1 to ${maxBatchTokens}`,
      );
    }
    for (let i = 0; i < tokens.length; i++) {
      if (positions[i] >= contextTokens) throw contextOverflow(contextTokens);
      const known = tokens[i] >= 0 && tokens[i] < vocabularySize;
      if (!known || sequences[i] < 0 || sequences[i] >= maxSequences) {
        throw new SkiffError("internal", `Token ${tokens[i]} of sequence ${sequences[i]} does not exist`);
      }
    }
  }

  /** The statuses of llama.h: 1 no room (nothing was kept), 2 aborted, -1 malformed batch, below: failed midway. */
  #decodeError(status: number, batch: Batch, done: number): SkiffError {
    if (done > 0 || (status !== 1 && status !== -1)) this.#forget(batch);
    if (status === 1) return contextOverflow(this.info.contextTokens);
    const reason = status === -1 ? "positions do not follow what the sequence holds" : `status ${status}`;
    return new SkiffError("internal", `llama.cpp could not compute a batch: ${reason}`, {
      hint: "The log of the model (`skiff model logs`) may say more.",
    });
  }

  /** Drops what a failed batch may have left behind. */
  #forget({ positions, sequences }: Batch): void {
    const first = new Map<number, number>();
    sequences.forEach((sequence, i) => {
      first.set(sequence, Math.min(positions[i], first.get(sequence) ?? positions[i]));
    });
    for (const [sequence, position] of first) this.truncateSequence(sequence, position);
  }

  embed(inputs: Int32Array[], pooling: Pooling = this.#parts.pooling): Float32Array[] {
    const { embeddingSequences } = this.#parts;
    if (embeddingSequences === 0) {
      throw new SkiffError("unsupported", "This model was loaded to generate text, not for embeddings");
    }
    if (pooling !== this.#parts.pooling) {
      throw new SkiffError("invalid_input", `This model was loaded with pooling "${this.#parts.pooling}"`, {
        hint: `Load it with pooling "${pooling}" to get such embeddings.`,
      });
    }
    const room = this.info.maxBatchTokens;
    for (const input of inputs) this.#checkInput(input);
    const vectors: Float32Array[] = [];
    for (let from = 0; from < inputs.length;) {
      let to = from;
      let tokens = 0;
      while (to < inputs.length && to - from < embeddingSequences && tokens + inputs[to].length <= room) {
        tokens += inputs[to++].length;
      }
      vectors.push(...this.#embedTogether(inputs.slice(from, to)));
      from = to;
    }
    return vectors;
  }

  #checkInput(input: Int32Array): void {
    const { maxBatchTokens, vocabularySize } = this.info;
    if (input.length === 0) {
      throw new SkiffError("invalid_input", "There is nothing to embed in an empty text");
    }
    if (input.length > maxBatchTokens) {
      throw new SkiffError(
        "context_overflow",
        `The input has ${input.length} tokens; this model embeds at most ${maxBatchTokens} at once`,
        { details: { n_prompt_tokens: input.length, n_ctx: maxBatchTokens } },
      );
    }
    const unknown = input.find((token) => token < 0 || token >= vocabularySize);
    if (unknown !== undefined) throw new SkiffError("invalid_input", `Token ${unknown} does not exist`);
  }

  /** Inputs as sequences 0, 1, 2 … of one micro-batch. */
  #embedTogether(inputs: Int32Array[]): Float32Array[] {
    const { handles, pooling } = this.#parts;
    let at = 0;
    inputs.forEach((input, sequence) => {
      input.forEach((token, position) => this.#batch.put(at++, token, position, sequence, 1));
    });
    if (this.#memory !== null) this.#llama.llama_memory_clear(this.#memory, false);
    const status = this.#llama.llama_decode(handles.context, this.#batch.bytes(at));
    if (status !== 0) throw new SkiffError("internal", `llama.cpp could not embed: status ${status}`);
    let end = 0;
    return inputs.map((input, sequence) => {
      end += input.length;
      const vector = pooling === "none"
        ? this.#llama.llama_get_embeddings_ith(handles.context, end - 1)
        : this.#llama.llama_get_embeddings_seq(handles.context, sequence);
      if (vector === null) throw new SkiffError("unsupported", "This model gives no embeddings");
      const length = pooling === "rank" ? 1 : this.info.embeddingLength;
      return new Float32Array(Deno.UnsafePointerView.getArrayBuffer(vector, length * 4).slice(0));
    });
  }

  copySequence(from: number, to: number, length: number): void {
    if (from === to) return void this.truncateSequence(to, length);
    this.#llama.llama_memory_seq_rm(this.#memory, to, -1, -1);
    if (length > 0) this.#llama.llama_memory_seq_cp(this.#memory, from, to, 0, length);
  }

  truncateSequence(sequence: number, length: number): boolean {
    if (length === 0) return this.#llama.llama_memory_seq_rm(this.#memory, sequence, -1, -1);
    if (this.#llama.llama_memory_seq_pos_max(this.#memory, sequence) < length) return true;
    return this.#llama.llama_memory_seq_rm(this.#memory, sequence, length, -1);
  }

  freeSequence(sequence: number): void {
    this.#llama.llama_memory_seq_rm(this.#memory, sequence, -1, -1);
  }

  saveSequence(sequence: number): Uint8Array {
    const { context } = this.#parts.handles;
    const size = Number(this.#llama.llama_state_seq_get_size(context, sequence));
    const state = new Uint8Array(size);
    const written = Number(
      this.#llama.llama_state_seq_get_data(context, state, BigInt(size), sequence),
    );
    if (written === 0) throw new SkiffError("internal", `llama.cpp could not save sequence ${sequence}`);
    return state.subarray(0, written);
  }

  restoreSequence(sequence: number, state: Uint8Array<ArrayBuffer>): void {
    const { context } = this.#parts.handles;
    const size = BigInt(state.length);
    if (Number(this.#llama.llama_state_seq_set_data(context, state, size, sequence)) !== 0) return;
    this.freeSequence(sequence);
    throw new SkiffError("corrupt", "The saved state is not one of this model and these settings");
  }

  setAdapters(adapters: { path: string; scale: number }[]): void {
    const { model, context } = this.#parts.handles;
    const pointers = new BigUint64Array(new ArrayBuffer(Math.max(adapters.length, 16) * 8));
    const scales = new Float32Array(new ArrayBuffer(Math.max(adapters.length, 16) * 4));
    adapters.forEach(({ path, scale }, i) => {
      let adapter = this.#adapters.get(path) ?? null;
      adapter ??= this.#llama.llama_adapter_lora_init(model, cString(path));
      if (adapter === null) {
        throw new SkiffError("corrupt", `Cannot load the adapter "${path}": llama.cpp refuses it`, {
          hint: "It must be a LoRA adapter in GGUF form, made for this model.",
        });
      }
      this.#adapters.set(path, adapter);
      pointers[i] = Deno.UnsafePointer.value(adapter);
      scales[i] = scale;
    });
    if (this.#llama.llama_set_adapters_lora(context, pointers, BigInt(adapters.length), scales) !== 0) {
      throw new SkiffError("internal", "llama.cpp could not apply the adapters");
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { handles, library } = this.#parts;
    this.#rows.show(null, 0);
    this.#llama.llama_detach_threadpool(handles.context);
    this.#llama.llama_free(handles.context);
    if (handles.threadpool !== null) library.threadpools?.free(handles.threadpool);
    this.#llama.llama_model_free(handles.model); // frees its adapters too
  }
}

/** Views of llama.cpp's logits, which lie one row after the other; made anew only when they have moved. */
class LogitsRows implements Logits {
  rows = 0;
  readonly #vocabularySize: number;
  #address = 0n;
  #views: Float32Array[] = [];
  #pointer: Deno.PointerValue = null;

  constructor(vocabularySize: number) {
    this.#vocabularySize = vocabularySize;
  }

  show(pointer: Deno.PointerValue, rows: number): void {
    const address = Deno.UnsafePointer.value(pointer);
    if (address !== this.#address) {
      this.#address = address;
      this.#views = [];
    }
    this.#pointer = pointer;
    this.rows = rows;
  }

  row(i: number): Float32Array {
    if (i < 0 || i >= this.rows) throw new RangeError(`Row ${i} of ${this.rows} rows of logits`);
    const bytes = this.#vocabularySize * 4;
    return this.#views[i] ??= new Float32Array(
      Deno.UnsafePointerView.getArrayBuffer(this.#pointer!, bytes, i * bytes),
    );
  }
}

function contextOverflow(contextTokens: number): SkiffError {
  return new SkiffError("context_overflow", `The context of ${contextTokens} tokens is full`, {
    hint: "Shorten the conversation, or load the model with a larger context.",
    details: { n_ctx: contextTokens },
  });
}

/** An encoder that onnxruntime runs, as an `Engine`: vectors of texts, or scores of pairs of texts. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Engine, EngineInfo, Logits, Pooling } from "../engine.ts";
import { runFailure } from "./failures.ts";
import { asFloats, tensorData } from "./key_values.ts";
import { pooled } from "./pooling.ts";
import type { PreTrainedModel, Tensor, TensorMap, Transformers } from "./transformers.ts";

export interface VectorEngineParts {
  transformers: Transformers;
  model: PreTrainedModel;
  info: EngineInfo;
  /** What the model's files say, or what was asked for. */
  pooling: Pooling;
}

/** Tokens of a run, padding included: more would only take memory. */
const runTokens = 4096;

export class OnnxVectorEngine implements Engine {
  readonly info: EngineInfo;
  readonly #parts: VectorEngineParts;
  #closed = false;

  constructor(parts: VectorEngineParts) {
    this.info = parts.info;
    this.#parts = parts;
  }

  decode(): Logits {
    throw new SkiffError("unsupported", "This model gives vectors or scores; it does not generate text", {
      hint: "Use /v1/embeddings or /v1/rerank with it.",
    });
  }

  async embed(
    inputs: Int32Array[],
    pooling: Pooling = this.#parts.pooling,
    secondFrom?: number[],
  ): Promise<Float32Array[]> {
    if ((pooling === "rank") !== (this.#parts.pooling === "rank")) {
      throw new SkiffError("invalid_input", `This model was loaded with pooling "${this.#parts.pooling}"`, {
        hint: pooling === "rank"
          ? "It is no reranker: its config names no …ForSequenceClassification."
          : "It is a reranker: use /v1/rerank.",
      });
    }
    inputs.forEach((input) => this.#check(input));
    // Inputs of like length together: the shorter ones are padded.
    const order = inputs.map((_, i) => i).sort((a, b) => inputs[a].length - inputs[b].length);
    const vectors: Float32Array[] = [];
    for (let from = 0; from < order.length;) {
      let to = from + 1;
      while (to < order.length && inputs[order[to]].length * (to + 1 - from) <= runTokens) to++;
      const part = order.slice(from, to);
      const found = await this.#run(part.map((i) => inputs[i]), pooling, part.map((i) => secondFrom?.[i]));
      part.forEach((i, at) => vectors[i] = found[at]);
      from = to;
    }
    return vectors;
  }

  #check(input: Int32Array): void {
    const { maxBatchTokens, vocabularySize } = this.info;
    if (this.#closed) throw new SkiffError("internal", "The model is closed");
    if (input.length === 0) {
      throw new SkiffError("invalid_input", "There is nothing to embed in an empty text");
    }
    if (input.length > maxBatchTokens) {
      throw new SkiffError(
        "context_overflow",
        `The input has ${input.length} tokens; this model takes at most ${maxBatchTokens} at once`,
        { details: { n_prompt_tokens: input.length, n_ctx: maxBatchTokens } },
      );
    }
    const unknown = input.find((token) => token < 0 || token >= vocabularySize);
    if (unknown !== undefined) throw new SkiffError("invalid_input", `Token ${unknown} does not exist`);
  }

  async #run(
    inputs: Int32Array[],
    pooling: Pooling,
    secondFrom: (number | undefined)[],
  ): Promise<Float32Array[]> {
    const width = Math.max(...inputs.map(({ length }) => length));
    const grid = (value: (input: Int32Array, row: number, column: number) => number) => {
      const values = new BigInt64Array(inputs.length * width);
      inputs.forEach((input, row) => {
        for (let i = 0; i < input.length; i++) values[row * width + i] = BigInt(value(input, row, i));
      });
      return new this.#parts.transformers.Tensor("int64", values, [inputs.length, width]);
    };
    const feeds: Record<string, unknown> = {
      input_ids: grid((input, _, i) => input[i]),
      attention_mask: grid(() => 1),
    };
    if (secondFrom.some((from) => from !== undefined)) {
      feeds.token_type_ids = grid((_, row, i) => i >= (secondFrom[row] ?? Infinity) ? 1 : 0);
    }
    let outputs: TensorMap;
    try {
      outputs = await this.#parts.model.forward(feeds);
    } catch (error) {
      throw runFailure(error);
    }
    const lengths = inputs.map(({ length }) => length);
    const output = pooling === "rank" ? outputs.logits : vectorOutput(outputs);
    const floats = asFloats(await tensorData(output));
    return pooling === "rank" ? scores(floats, output) : pooled(floats, output.dims, lengths, pooling);
  }

  copySequence(): void {}

  truncateSequence(): boolean {
    return true;
  }

  freeSequence(): void {}

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    void this.#parts.model.dispose();
  }
}

/** Names under which exporters put the vectors: those of the tokens first, then one of the whole text. */
const vectorNames = [
  "last_hidden_state",
  "token_embeddings",
  "hidden_states",
  "sentence_embedding",
  "embeddings",
];

/** Whether a graph with these outputs gives vectors. */
export function givesVectors(outputNames: string[]): boolean {
  return vectorNames.some((name) => outputNames.includes(name));
}

function vectorOutput(outputs: TensorMap): Tensor {
  return outputs[vectorNames.find((name) => name in outputs)!];
}

/** One score a pair: of models with two classes how much the second outweighs the first. */
function scores(floats: Float32Array, { dims }: Tensor): Float32Array[] {
  const [rows, classes] = dims;
  return Array.from({ length: rows }, (_, row) => {
    const of = floats.subarray(row * classes, (row + 1) * classes);
    return Float32Array.of(classes === 1 ? of[0] : of[1] - of[0]);
  });
}

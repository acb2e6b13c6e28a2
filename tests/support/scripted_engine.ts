/**
 * An engine and a tokenizer for tests of what stands above them. Tokens are the bytes 0…255 and some control
 * tokens; the next token is a function of the text so far, given as a script. Keeps books of what every
 * sequence holds and throws where llama.cpp would fail.
 */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { Batch, Engine, EngineInfo, Logits } from "../../inference/engines/engine.ts";
import type { Sampler, SamplingOptions } from "../../inference/sampling/options.ts";
import type { Tokenizer } from "../../inference/tokenizer/tokenizer.ts";

export const endToken = 256;
export const bosToken = 257;
export const toolToken = 258;
const controlTexts = ["<|end|>", "<|bos|>", "<tool_call>"];
export const vocabularySize = 256 + controlTexts.length;

/** The byte or control token that follows a text; undefined ends it. */
export type Script = (text: string) => string | number | undefined;

/** Goes on with the last line as it began: "…\nabc" -> "abcabcabc". */
export const echoScript: Script = (text) => {
  const line = text.slice(text.lastIndexOf("\n") + 1);
  if (line.length === 0) return undefined;
  let period = 1;
  while (!line.startsWith(line.slice(period))) period++;
  return line[line.length - period];
};

export interface ScriptedOptions {
  script?: Script;
  info?: Partial<EngineInfo>;
  /** Cells of all sequences together; undefined = enough. */
  cells?: number;
  /** Called before each decode; may throw. */
  onDecode?: (batch: Batch) => void;
}

export class ScriptedEngine implements Engine {
  readonly info: EngineInfo;
  /** Every batch: how many tokens of which sequence. */
  readonly log: Record<number, number>[] = [];
  readonly sequences: number[][];
  closed = false;
  readonly #script: Script;
  readonly #options: ScriptedOptions;

  constructor(options: ScriptedOptions = {}) {
    this.#options = options;
    this.#script = options.script ?? echoScript;
    this.info = {
      engine: "llama",
      device: "script",
      reason: "test",
      architecture: "script",
      vocabularySize,
      contextTokens: 1024,
      trainedContextTokens: 1024,
      maxSequences: 4,
      maxBatchTokens: 2048,
      embeddingLength: 2,
      embeddingOnly: false,
      canTruncate: true,
      memoryBytes: 1,
      ...options.info,
    };
    this.sequences = Array.from({ length: this.info.maxSequences }, () => []);
  }

  decode(batch: Batch): Logits {
    const used = this.sequences.reduce((sum, tokens) => sum + tokens.length, 0);
    if (used + batch.tokens.length > (this.#options.cells ?? Infinity)) {
      throw new SkiffError("context_overflow", "No cell is free");
    }
    this.#options.onDecode?.(batch);
    const count: Record<number, number> = {};
    const rows: Float32Array[] = [];
    batch.tokens.forEach((token, i) => {
      const sequence = this.sequences[batch.sequences[i]];
      if (batch.positions[i] !== sequence.length) {
        throw new Error(`Position ${batch.positions[i]} is not next`);
      }
      if (sequence.length >= this.info.contextTokens) throw new SkiffError("context_overflow", "Full");
      sequence.push(token);
      count[batch.sequences[i]] = (count[batch.sequences[i]] ?? 0) + 1;
      if (batch.wanted[i]) rows.push(this.#logits(sequence));
    });
    this.log.push(count);
    return { rows: rows.length, row: (i) => rows[i] };
  }

  #logits(sequence: number[]): Float32Array {
    const next = this.#script(scriptedTokenizer.decode(sequence, { special: true })) ?? endToken;
    const row = new Float32Array(vocabularySize);
    for (let i = 0; i < row.length; i++) row[i] = -i / 1000;
    row[typeof next === "number" ? next : next.charCodeAt(0)] = 10;
    return row;
  }

  embed(inputs: Int32Array[]): Float32Array[] {
    return inputs.map((input) => Float32Array.of(input.length, input.reduce((a, b) => a + b, 0)));
  }

  copySequence(from: number, to: number, length: number): void {
    if (length > this.sequences[from].length) throw new Error(`Sequence ${from} is shorter than ${length}`);
    this.sequences[to] = this.sequences[from].slice(0, length);
  }

  truncateSequence(sequence: number, length: number): boolean {
    if (!this.info.canTruncate && length !== this.sequences[sequence].length) return false;
    this.sequences[sequence].length = Math.min(length, this.sequences[sequence].length);
    return true;
  }

  freeSequence(sequence: number): void {
    this.sequences[sequence] = [];
  }

  saveSequence(sequence: number): Uint8Array {
    return new TextEncoder().encode(JSON.stringify(this.sequences[sequence]));
  }

  restoreSequence(sequence: number, state: Uint8Array): void {
    if (this.sequences[sequence].length > 0) throw new Error(`Sequence ${sequence} is not empty`);
    this.sequences[sequence] = JSON.parse(new TextDecoder().decode(state));
  }

  close(): void {
    this.closed = true;
  }
}

const bytesOf = (token: number, special?: boolean) =>
  token < 256 ? Uint8Array.of(token) : new TextEncoder().encode(special ? controlTexts[token - 256] : "");

/** One token a byte of UTF-8; control tokens are written as in `controlTexts`. */
export const scriptedTokenizer: Tokenizer = {
  kind: "bpe",
  size: vocabularySize,
  special: { bos: bosToken, eos: endToken, addBos: false, addEos: false },
  encode(text, { addSpecial, parseSpecial } = {}) {
    const parts = parseSpecial ? text.split(/(<\|end\|>|<\|bos\|>|<tool_call>)/) : [text];
    const tokens = parts.flatMap((part) => {
      const control = parseSpecial ? controlTexts.indexOf(part) : -1;
      return control >= 0 ? [256 + control] : [...new TextEncoder().encode(part)];
    });
    return Int32Array.from(addSpecial && this.special.addBos ? [bosToken, ...tokens] : tokens);
  },
  bytes: (token, options) => bytesOf(token, options?.special),
  text: (token) => token < 256 ? String.fromCharCode(token) : controlTexts[token - 256],
  type: (token) => token < 256 ? 1 : 3,
  find(text) {
    const control = controlTexts.indexOf(text);
    return control >= 0 ? 256 + control : text.length === 1 ? text.charCodeAt(0) : undefined;
  },
  isEndOfGeneration: (token) => token === endToken,
  decode(tokens, options) {
    const bytes = Array.from(tokens).flatMap((token) => [...bytesOf(token, options?.special)]);
    return new TextDecoder().decode(Uint8Array.from(bytes));
  },
  stream(options) {
    const decoder = new TextDecoder();
    return {
      push: (token) => decoder.decode(bytesOf(token, options?.special), { stream: true }),
      end: () => decoder.decode(),
    };
  },
};

/** Takes the largest logit that the constraint allows; reports log softmax. */
export function scriptedSampler(_options: SamplingOptions): Sampler {
  return {
    observe() {},
    sample(logits, { constraint, logprobs } = {}) {
      const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a]);
      const token = order.find((id) => !constraint || constraint.allows(id))!;
      if (logprobs === undefined) return { token };
      const sum = Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0));
      const top = order.slice(0, logprobs).map((id) => ({ token: id, logprob: logits[id] - sum }));
      return { token, logprob: logits[token] - sum, top };
    },
  };
}

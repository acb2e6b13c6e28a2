/** What the scheduler takes and gives: a tokenised prompt with its options, and a sink for what comes of it. */
import type { SkiffError } from "../../core/errors/skiff_error.ts";
import type { GenerationUsage, TokenLogprob } from "../chat/request.ts";
import type { CompiledConstraint, Sampler, SamplingOptions } from "../sampling/options.ts";

export interface Job {
  /** At least one token. */
  prompt: Int32Array;
  sampling: SamplingOptions;
  /** Undefined or negative = until the model stops or the context is full. */
  maxTokens?: number;
  stop: string[];
  /** Independent answers to the prompt, which is computed once. */
  n: number;
  /** Alternatives to report per token; undefined = no logprobs. */
  logprobs?: number;
  cachePrompt: boolean;
  ignoreEos: boolean;
  /** What the text must match: from its start, or after the first of `triggers`. */
  constraint?: { compiled: CompiledConstraint; triggers?: string[] };
  /** Control tokens that appear in the text; the others are silent. */
  visibleTokens?: ReadonlySet<number>;
}

/** Called synchronously while the scheduler steps; must not block. After `done` or `fail` nothing follows. */
export interface JobSink {
  /** The prompt is computed. */
  start(promptTokens: number, cachedTokens: number): void;
  /** One token more; `text` is what can be shown of it and its predecessors, often "". */
  piece(answer: number, text: string, logprobs: TokenLogprob[]): void;
  end(answer: number, reason: "stop" | "length", stop?: string): void;
  /** `reasoningTokens` is 0 here: the scheduler does not read text. */
  done(usage: GenerationUsage): void;
  fail(error: SkiffError): void;
}

/** A job that was accepted. */
export interface JobHandle {
  /** Takes effect before the next step; nothing is reported to the sink any more. */
  cancel(): void;
}

/** `createSampler` of the sampling room, bound to the model. */
export type SamplerFactory = (options: SamplingOptions) => Sampler;

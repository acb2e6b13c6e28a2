/** What a runner is made of once its model is loaded. Tests give their own. */
import type { ChatFormat } from "../chat/format.ts";
import type { Engine } from "../engines/engine.ts";
import type { CompiledConstraint, ConstraintSpec, Sampler, SamplingOptions } from "../sampling/options.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { RunnerConfiguration } from "./protocol.ts";

export interface ModelParts {
  engine: Engine;
  tokenizer: Tokenizer;
  /** Absent for models that only embed. */
  chat?: ChatFormat;
  /** Of rerankers that are asked in words: a prompt with {query} and {document}. */
  rerankTemplate?: string;
  createSampler(options: SamplingOptions): Sampler;
  /** Throws "invalid_input" for a schema or grammar that is wrong. */
  compileConstraint(spec: ConstraintSpec): CompiledConstraint | Promise<CompiledConstraint>;
  /** Sampling that the model's file recommends (`general.sampling.*`). */
  defaults?: Partial<SamplingOptions>;
}

/** Opens everything. `onProgress` is told fractions from 0 to 1. */
export type OpenModel = (
  configuration: RunnerConfiguration,
  onProgress: (fraction: number) => void,
) => Promise<ModelParts>;

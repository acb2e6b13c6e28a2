/** How the next token is chosen; the names and defaults are llama.cpp's. */
export interface SamplingOptions {
  /** 0 = greedy. Default 0.8. */
  temperature?: number;
  /** Dynamic temperature: temperature ± range by entropy ^ exponent. Default 0 (off), 1. */
  dynatempRange?: number;
  dynatempExponent?: number;
  /** 0 = all. Default 40. */
  topK?: number;
  /** 1 = off. Default 0.95. */
  topP?: number;
  /** 0 = off. Default 0.05. */
  minP?: number;
  /** Locally typical sampling; 1 = off. */
  typicalP?: number;
  /** Top-n-sigma; negative = off. */
  topNSigma?: number;
  /** 1 = off. */
  repeatPenalty?: number;
  /** Tokens looked back at by the penalties; -1 = context. Default 64. */
  repeatLastN?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  /** Added to the logits by token id; -Infinity forbids. */
  logitBias?: [token: number, bias: number][];
  /** Same seed, same text. Undefined = random. */
  seed?: number;
  /** 0 off, 1, 2. */
  mirostat?: 0 | 1 | 2;
  mirostatTau?: number;
  mirostatEta?: number;
  /** Don't-repeat-yourself; multiplier 0 = off. */
  dryMultiplier?: number;
  dryBase?: number;
  dryAllowedLength?: number;
  /** -1 = context. */
  dryPenaltyLastN?: number;
  drySequenceBreakers?: string[];
  /** Exclude-top-choices; probability 0 = off. */
  xtcProbability?: number;
  xtcThreshold?: number;
  minKeep?: number;
}

/** What must hold for the generated text. */
export type ConstraintSpec =
  | { kind: "json_object" }
  | {
    kind: "json_schema";
    schema: unknown; /** Strict refuses keywords that cannot be enforced. */
    strict?: boolean;
  }
  | {
    kind: "gbnf";
    grammar: string;
    /** Rules made from JSON Schemas that the grammar may refer to by these names. */
    schemas?: Record<string, unknown>;
    /** Of those, the ones that may be weakened where they cannot be enforced. */
    weakenable?: string[];
  };

/**
 * A compiled constraint, shared by all that generate under it. `start` begins one at the root, after the
 * given text if any (what followed a trigger inside the same token); undefined when that text does not fit.
 */
export interface CompiledConstraint {
  start(prefix?: string): Constraint | undefined;
}

/**
 * A constraint in progress: which tokens may come next. One per generated sequence; made by
 * `compileConstraint(spec, tokenizer)` whose result is shared and cached.
 */
export interface Constraint {
  /** Cheap test of one token, so that a mask is computed only when the sampler's first choice is refused. */
  allows(token: number): boolean;
  /**
   * Bit t of word t>>5 is set where token t may come next; ceil(V/32) words. End-of-generation tokens are
   * set where the text may end. Valid until the next `accept`.
   */
  mask(): Uint32Array;
  /** Moves on. Throws `SkiffError` "internal" for a token that is not allowed. */
  accept(token: number): void;
  /** The text so far is complete, and nothing but its end may follow. */
  readonly finished: boolean;
  /** An independent copy (for n > 1). */
  clone(): Constraint;
}

/** A chosen token, with natural-log probabilities where they were asked for. */
export interface SampledToken {
  token: number;
  logprob?: number;
  /** The most likely tokens before sampling changed anything, best first. */
  top?: { token: number; logprob: number }[];
}

/** Chooses tokens for one sequence. Made by `createSampler(options, …)` in sampler.ts. */
export interface Sampler {
  /**
   * Chooses from one row of logits (modified in place) under the constraint, and remembers the choice for
   * the penalties. `logprobs` = how many alternatives to report; undefined = none and no logprob.
   */
  sample(logits: Float32Array, options?: { constraint?: Constraint; logprobs?: number }): SampledToken;
  /** Tells it of a token of the prompt, for penalties. */
  observe(token: number): void;
}

/**
 * One answer in progress: its tokens, and what turns logits into the next token and tokens into text.
 * Knows nothing of batches; the scheduler feeds it a row of logits whenever all its tokens are computed.
 */
import type { TokenLogprob } from "../chat/request.ts";
import type { SampledToken, Sampler } from "../sampling/options.ts";
import type { Tokenizer, TokenStream } from "../tokenizer/tokenizer.ts";
import type { Job, SamplerFactory } from "./job.ts";
import { LazyConstraint } from "./lazy_constraint.ts";
import type { Slot } from "./sequence_slots.ts";
import { StopFilter } from "./stop_filter.ts";

export interface Ending {
  reason: "stop" | "length";
  stop?: string;
}

/** What a token brought. */
export interface Step {
  text: string;
  logprobs: TokenLogprob[];
  ending?: Ending;
}

export class Answer {
  readonly index: number;
  /** Prompt and what was generated; the engine's sequence holds a beginning of it. */
  readonly tokens: number[];
  readonly promptLength: number;
  slot?: Slot;
  ending?: Ending;

  readonly #job: Job;
  readonly #tokenizer: Tokenizer;
  readonly #sampler: Sampler;
  readonly #constraint?: LazyConstraint;
  readonly #stops: StopFilter;
  readonly #endTokens: readonly number[];
  #stream: TokenStream;
  #heldLogprobs: TokenLogprob[] = [];

  /** `endTokens` = all end-of-generation tokens of the vocabulary. */
  constructor(
    job: Job,
    index: number,
    model: { tokenizer: Tokenizer; createSampler: SamplerFactory; endTokens: readonly number[] },
  ) {
    const { sampling, constraint, stop } = job;
    const seed = sampling.seed === undefined ? undefined : sampling.seed + index;
    this.index = index;
    this.tokens = Array.from(job.prompt);
    this.promptLength = job.prompt.length;
    this.#job = job;
    this.#tokenizer = model.tokenizer;
    this.#endTokens = model.endTokens;
    this.#sampler = model.createSampler({ ...sampling, seed });
    for (const token of this.tokens) this.#sampler.observe(token);
    if (constraint) this.#constraint = new LazyConstraint(constraint.compiled, constraint.triggers);
    this.#stops = new StopFilter(stop);
    this.#stream = model.tokenizer.stream();
  }

  get generated(): number {
    return this.tokens.length - this.promptLength;
  }

  /** Tokens that the engine has to compute before the next can be chosen. */
  get pending(): number {
    return this.tokens.length - (this.slot?.tokens.length ?? 0);
  }

  get wantsTokens(): boolean {
    const { maxTokens } = this.#job;
    return maxTokens === undefined || maxTokens < 0 || this.generated < maxTokens;
  }

  /** Chooses a token from the logits after all tokens so far (the row is modified). */
  next(row: Float32Array): Step {
    if (this.#job.ignoreEos) { for (const token of this.#endTokens) row[token] = -Infinity; }
    const constraint = this.#constraint?.active;
    const sampled = this.#sampler.sample(row, { constraint, logprobs: this.#job.logprobs });
    if (this.#tokenizer.isEndOfGeneration(sampled.token)) return this.#finish({ reason: "stop" });
    this.tokens.push(sampled.token);
    const raw = this.#textOf(sampled.token);
    this.#constraint?.accept(sampled.token, raw);
    const { text, stop } = this.#stops.push(raw);
    const logprobs = this.#release(sampled, text, stop !== undefined);
    if (stop !== undefined) return { text, logprobs, ending: this.ending = { reason: "stop", stop } };
    if (!this.#constraint?.finished && this.wantsTokens) return { text, logprobs };
    const last = this.#finish({ reason: this.#constraint?.finished ? "stop" : "length" });
    return { ...last, text: text + last.text, logprobs: [...logprobs, ...last.logprobs] };
  }

  /** Ends it because nothing more fits or is wanted; what was withheld comes out. */
  finishByLength(): Step {
    return this.#finish({ reason: "length" });
  }

  #finish(ending: Ending): Step {
    const { text, stop } = this.#stops.push(this.#stream.end());
    this.ending = stop === undefined ? ending : { reason: "stop", stop };
    const logprobs = this.#heldLogprobs;
    this.#heldLogprobs = [];
    return { text: stop === undefined ? text + this.#stops.end() : text, logprobs, ending: this.ending };
  }

  #textOf(token: number): string {
    if (!this.#job.visibleTokens?.has(token)) return this.#stream.push(token);
    const before = this.#stream.end();
    this.#stream = this.#tokenizer.stream();
    return before + this.#tokenizer.decode([token], { special: true });
  }

  /** Logprobs leave with the text they belong to; those of a stop string not at all. */
  #release(sampled: SampledToken, text: string, stopped: boolean): TokenLogprob[] {
    if (this.#job.logprobs === undefined) return none;
    const own = this.#describe(sampled);
    const ready = [...this.#heldLogprobs, ...(stopped ? [] : [own])];
    const shown = text.length > 0 || stopped;
    this.#heldLogprobs = shown ? [] : ready;
    return shown ? (stopped && text.length === 0 ? none : ready) : none;
  }

  #describe({ token, logprob, top }: SampledToken): TokenLogprob {
    const of = (token: number, logprob: number) => {
      const bytes = this.#tokenizer.bytes(token, { special: true });
      return { token, text: this.#tokenizer.decode([token], { special: true }), bytes: [...bytes], logprob };
    };
    return { ...of(token, logprob ?? 0), top: (top ?? []).map((other) => of(other.token, other.logprob)) };
  }
}

const none: TokenLogprob[] = [];

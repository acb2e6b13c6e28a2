/** A job under way: its answers, its times, and what its sink is told. */
import type { SkiffError } from "../../core/errors/skiff_error.ts";
import type { GenerationUsage } from "../chat/request.ts";
import type { Answer, Step } from "./answer.ts";
import type { Job, JobSink } from "./job.ts";
import type { Slot } from "./sequence_slots.ts";

export class RunningJob {
  readonly job: Job;
  readonly sink: JobSink;
  answers: Answer[] = [];
  cancelled = false;
  /** Finished, failed or cancelled. */
  over = false;
  /** Prompt tokens that were not computed, set when the first answer begins. */
  cachedTokens = 0;
  /** Slots of answers that ended while others of this job still need the prompt in them. */
  readonly lent: Slot[] = [];
  #submitted = performance.now();
  #admitted = 0;
  #started = 0;

  constructor(job: Job, sink: JobSink) {
    this.job = job;
    this.sink = sink;
  }

  /** The first answer has a sequence. */
  get admitted(): boolean {
    return this.#admitted > 0;
  }

  /** The prompt is computed, so that further answers can copy it. */
  get started(): boolean {
    return this.#started > 0;
  }

  admit(cachedTokens: number): void {
    if (this.admitted) return;
    this.#admitted = performance.now();
    this.cachedTokens = cachedTokens;
  }

  start(): void {
    if (this.started) return;
    this.#started = performance.now();
    this.sink.start(this.job.prompt.length, this.cachedTokens);
  }

  /** Passes on what a token brought; true when that was the last of all answers. */
  report(answer: Answer, { text, logprobs, ending }: Step): boolean {
    this.sink.piece(answer.index, text, logprobs);
    if (!ending) return false;
    this.sink.end(answer.index, ending.reason, ending.stop);
    if (this.answers.some((other) => !other.ending)) return false;
    this.over = true;
    this.sink.done(this.usage());
    return true;
  }

  fail(error: SkiffError): void {
    if (this.over) return;
    this.over = true;
    this.sink.fail(error);
  }

  usage(): GenerationUsage {
    const now = performance.now();
    return {
      promptTokens: this.job.prompt.length,
      cachedTokens: this.cachedTokens,
      completionTokens: this.answers.reduce((sum, answer) => sum + answer.generated, 0),
      reasoningTokens: 0,
      queueMs: (this.#admitted || now) - this.#submitted,
      promptMs: this.admitted ? (this.#started || now) - this.#admitted : 0,
      generationMs: this.started ? now - this.#started : 0,
    };
  }
}

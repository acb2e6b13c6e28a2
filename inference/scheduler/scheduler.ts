/**
 * Continuous batching: every step computes one token of each running answer together with pieces of the
 * prompts that are new, in one call of the engine. Jobs join and leave between steps.
 */
import { SkiffError, toSkiffError } from "../../core/errors/skiff_error.ts";
import type { Engine, Logits } from "../engines/engine.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { Answer } from "./answer.ts";
import { isRunning, planBatch, type PlannedBatch, type Share } from "./batch_builder.ts";
import type { Job, JobHandle, JobSink, SamplerFactory } from "./job.ts";
import { PrefillPace } from "./prefill_pace.ts";
import { type Waiting, WaitingQueue } from "./queue.ts";
import { RunningJob } from "./running_job.ts";
import { SequenceSlots } from "./sequence_slots.ts";

export interface SchedulerOptions {
  engine: Engine;
  tokenizer: Tokenizer;
  createSampler: SamplerFactory;
  /** Answers that run together; at most and by default the engine's sequences. */
  parallel?: number;
  /** Jobs that may wait; more are refused with "overloaded". */
  queueLimit: number;
  /** Memory for prefixes that are kept outside the engine; default none. */
  parkedBytes?: number;
}

/** An answer that has come so far goes on for a while: worth clearing the cache of what is idle. */
const settledTokens = 8;

/** Totals since the scheduler was made. */
export interface SchedulerCounts {
  requests: number;
  failures: number;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  promptMs: number;
  generationMs: number;
}

export class Scheduler {
  readonly #engine: Engine;
  readonly #model: { tokenizer: Tokenizer; createSampler: SamplerFactory; endTokens: readonly number[] };
  readonly #parallel: number;
  readonly #slots: SequenceSlots;
  readonly #queue: WaitingQueue;
  readonly #pace: PrefillPace;
  /** Answers that have a sequence, in the order in which they got it. */
  #active: Waiting[] = [];
  #cancelled: RunningJob[] = [];
  /** The engine's cells are short: nobody joins before somebody leaves. */
  #short = false;
  readonly counts: SchedulerCounts = {
    requests: 0,
    failures: 0,
    promptTokens: 0,
    cachedTokens: 0,
    completionTokens: 0,
    promptMs: 0,
    generationMs: 0,
  };

  constructor({ engine, tokenizer, createSampler, parallel, queueLimit, parkedBytes }: SchedulerOptions) {
    this.#engine = engine;
    this.#parallel = Math.min(parallel ?? engine.info.maxSequences, engine.info.maxSequences);
    this.#slots = new SequenceSlots(engine, parkedBytes);
    this.#queue = new WaitingQueue(queueLimit);
    this.#pace = new PrefillPace(engine.info.maxBatchTokens);
    let endTokens: number[] | undefined;
    this.#model = {
      tokenizer,
      createSampler,
      get endTokens() {
        return endTokens ??= endOfGenerationTokens(tokenizer);
      },
    };
  }

  get active(): number {
    return this.#active.length;
  }

  get waiting(): number {
    return this.#queue.jobs;
  }

  /** Whether `step` has something to do. */
  get busy(): boolean {
    return this.#active.length > 0 || this.#queue.peek() !== undefined || this.#cancelled.length > 0;
  }

  /**
   * Takes a job. Throws "context_overflow" when the prompt leaves no room for an answer, "overloaded" when
   * too many wait, "invalid_input" for an empty prompt or a constraint that allows no text.
   */
  submit(job: Job, sink: JobSink): JobHandle {
    this.#check(job);
    this.#queue.checkRoom(Math.max(0, this.#parallel - this.#active.length), this.#parallel);
    const running = new RunningJob(job, sink);
    for (let i = 0; i < Math.max(1, job.n); i++) running.answers.push(new Answer(job, i, this.#model));
    this.#queue.push(running.answers.map((answer) => ({ job: running, answer })));
    this.counts.requests++;
    return {
      cancel: () => {
        if (running.over) return;
        running.over = running.cancelled = true;
        this.#cancelled.push(running);
      },
    };
  }

  /**
   * One batch: drops what was cancelled, lets waiting answers in, computes, and reports. Never throws: what
   * fails is told to the jobs concerned. One call at a time.
   */
  async step(): Promise<void> {
    for (const job of this.#cancelled.splice(0)) this.#drop(job);
    this.#slots.sweep();
    this.#admit();
    await this.#compute();
    this.#slots.sweep();
    if (this.#active.some(({ answer }) => answer.generated === settledTokens)) this.#slots.parkIdle();
  }

  async #compute(): Promise<void> {
    const running = this.#active.reduce((count, { answer }) => count + (isRunning(answer) ? 1 : 0), 0);
    const answers = this.#active.map(({ answer }) => answer);
    const plan = planBatch(answers, this.#pace.budget(running), this.#engine.info.maxBatchTokens);
    if (!plan) return;
    const before = performance.now();
    try {
      const decoded = this.#engine.decode(plan.batch);
      this.#take(plan, decoded instanceof Promise ? await decoded : decoded);
    } catch (error) {
      await this.#recover(plan, error);
    }
    if (plan.promptTokens > 0) this.#pace.observe(plan.promptTokens, performance.now() - before);
  }

  #check(job: Job): void {
    const n_ctx = this.#engine.info.contextTokens;
    const n_prompt_tokens = job.prompt.length;
    if (n_prompt_tokens === 0) {
      throw new SkiffError("invalid_input", "The prompt is empty", { hint: "Give at least one token." });
    }
    if (n_prompt_tokens < n_ctx || (n_prompt_tokens === n_ctx && job.maxTokens === 0)) return;
    throw overflow(n_prompt_tokens, n_ctx);
  }

  #admit(): void {
    while (this.#active.length < (this.#short ? Math.min(1, this.#parallel) : this.#parallel)) {
      const entry = this.#queue.peek();
      if (!entry) return;
      const { job, answer } = entry;
      const acquired = this.#slots.acquire(answer.tokens, job.job.cachePrompt || job.started);
      if (!acquired) return;
      this.#queue.remove(entry);
      answer.slot = acquired.slot;
      job.admit(acquired.cached);
      this.#active.push(entry);
      if (acquired.row) this.#choose(entry, acquired.row.slice());
    }
  }

  /** Remembers what was computed and lets each complete answer choose its next token. */
  #take({ shares, batch }: PlannedBatch, logits: Logits): void {
    for (const { answer, from, count } of shares) {
      for (let i = from; i < from + count; i++) answer.slot!.tokens.push(batch.tokens[i]);
    }
    shares.filter(({ complete }) => complete).forEach(({ answer }, i) => {
      const entry = this.#active.find((other) => other.answer === answer);
      if (!entry) return; // its job failed with another of its answers
      const values = logits.row(i);
      if (answer.generated === 0) this.#keepCheckpoint(answer, values);
      this.#choose(entry, values);
    });
  }

  #keepCheckpoint(answer: Answer, values: Float32Array): void {
    const slot = answer.slot!;
    slot.checkpoint = { length: slot.tokens.length, row: values.slice() };
  }

  #choose(entry: Waiting, row: Float32Array): void {
    const { job, answer } = entry;
    if (job.over) return; // cancelled while the engine computed
    try {
      job.start();
      const step = answer.wantsTokens ? answer.next(row) : answer.finishByLength();
      const full = answer.tokens.length >= this.#engine.info.contextTokens;
      this.#report(entry, step);
      if (full && !answer.ending) this.#report(entry, answer.finishByLength());
    } catch (error) {
      this.#fail(job, toSkiffError(error));
    }
  }

  #report(entry: Waiting, step: ReturnType<Answer["next"]>): void {
    const { job, answer } = entry;
    const over = job.report(answer, step);
    if (step.ending) this.#leave(entry);
    if (!over) return;
    const usage = job.usage();
    this.#conclude(job);
    this.#queue.finished({ ms: usage.promptMs + usage.generationMs });
  }

  #leave(entry: Waiting): void {
    const { job, answer } = entry;
    this.#active = this.#active.filter((other) => other !== entry);
    this.#short = false;
    const siblingsWait = !job.over && job.answers.some((other) => !other.ending && !other.slot);
    if (answer.slot) this.#slots.release(answer.slot, job.job.cachePrompt || siblingsWait);
    if (answer.slot && siblingsWait) job.lent.push(answer.slot);
    answer.slot = undefined;
  }

  /** Takes a cancelled or failed job out; what its sequences hold serves later prompts. */
  #drop(job: RunningJob): void {
    this.#queue.removeJob(job);
    for (const entry of this.#active.filter((other) => other.job === job)) this.#leave(entry);
    this.#conclude(job);
  }

  #fail(job: RunningJob, error: SkiffError): void {
    if (job.over) return;
    job.fail(error);
    this.counts.failures++;
    this.#drop(job);
  }

  #conclude(job: RunningJob): void {
    if (!job.job.cachePrompt) { for (const slot of job.lent) this.#slots.discard(slot); }
    const usage = job.usage();
    this.counts.promptTokens += usage.promptTokens;
    this.counts.cachedTokens += usage.cachedTokens;
    this.counts.completionTokens += usage.completionTokens;
    this.counts.promptMs += usage.promptMs;
    this.counts.generationMs += usage.generationMs;
  }

  /**
   * A batch failed. Short of cells: kept prefixes go first, then the youngest answer waits for another turn.
   * Anything else: each answer's part is tried alone, so that only those fail which are at fault.
   */
  async #recover(plan: PlannedBatch, error: unknown): Promise<void> {
    const failure = toSkiffError(error);
    const intact = plan.shares.filter(({ answer }) => this.#restore(answer, failure));
    if (failure.code === "context_overflow") return this.#makeRoom(intact, failure);
    if (plan.shares.length === 1) return this.#failShares(intact, failure);
    for (const { answer, count } of intact) {
      const entry = this.#active.find((other) => other.answer === answer);
      if (!entry) continue; // its job failed with another answer
      const alone = planBatch([answer], count, count);
      try {
        if (!alone) throw failure; // it was computed, and what came after that failed
        this.#take(alone, await this.#engine.decode(alone.batch));
      } catch (own) {
        this.#restore(answer, toSkiffError(own));
        this.#fail(entry.job, toSkiffError(own));
      }
    }
  }

  /** False when the engine lost the sequence; its job has failed then. */
  #restore(answer: Answer, failure: SkiffError): boolean {
    if (!answer.slot || this.#slots.repair(answer.slot)) return true;
    this.#failShares([{ answer }], failure);
    return false;
  }

  #failShares(shares: Pick<Share, "answer">[], error: SkiffError): void {
    for (const { answer } of shares) {
      const entry = this.#active.find((other) => other.answer === answer);
      if (entry) this.#fail(entry.job, error);
    }
  }

  #makeRoom(shares: Share[], failure: SkiffError): void {
    if (this.#slots.evict()) return;
    const youngest = this.#active.at(-1);
    if (!youngest) return;
    if (this.#active.length > 1) {
      this.#active.pop();
      this.#short = true;
      this.#slots.release(youngest.answer.slot!, false);
      youngest.answer.slot = undefined;
      this.#queue.putBack(youngest);
    } else if (youngest.answer.generated > 0) {
      this.#report(youngest, youngest.answer.finishByLength());
    } else {
      const { contextTokens } = this.#engine.info;
      const error = overflow(youngest.answer.promptLength, contextTokens, failure);
      this.#failShares(shares, error);
    }
  }
}

function overflow(n_prompt_tokens: number, n_ctx: number, cause?: unknown): SkiffError {
  return new SkiffError(
    "context_overflow",
    `The prompt has ${n_prompt_tokens} tokens; the context of the model holds ${n_ctx}`,
    {
      hint:
        "Shorten the prompt, or configure a larger context: `skiff model configure --context-size N MODEL`.",
      cause,
      details: { n_prompt_tokens, n_ctx },
    },
  );
}

function endOfGenerationTokens(tokenizer: Tokenizer): number[] {
  const tokens: number[] = [];
  for (let token = 0; token < tokenizer.size; token++) {
    if (tokenizer.isEndOfGeneration(token)) tokens.push(token);
  }
  return tokens;
}

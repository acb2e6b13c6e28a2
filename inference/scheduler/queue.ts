/** Answers that wait for a sequence, first come first served, and the limit of jobs that may wait. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { Answer } from "./answer.ts";
import type { RunningJob } from "./running_job.ts";

export interface Waiting {
  job: RunningJob;
  answer: Answer;
}

export class WaitingQueue {
  readonly #limit: number;
  #waiting: Waiting[] = [];
  /** Moving average of what a job takes, for Retry-After. */
  #jobMs = 2000;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Jobs of which nothing has begun. */
  get jobs(): number {
    return new Set(this.#waiting.filter(({ job }) => !job.admitted).map(({ job }) => job)).size;
  }

  /** Throws "overloaded" when as many jobs wait as may, `free` sequences not counted. */
  checkRoom(free: number, parallel: number): void {
    const waiting = this.jobs;
    if (waiting < this.#limit + free) return;
    const seconds = Math.ceil(this.#jobMs * (waiting + 1) / Math.max(1, parallel) / 1000);
    const retryAfterSeconds = Math.min(60, Math.max(1, seconds));
    throw new SkiffError("overloaded", `The model is busy: ${waiting} requests are waiting already`, {
      hint: `Try again in ${retryAfterSeconds} s.`,
      details: { retryAfterSeconds },
    });
  }

  push(entries: Waiting[]): void {
    this.#waiting.push(...entries);
  }

  /** Puts an answer that had to give its place away before all others. */
  putBack(entry: Waiting): void {
    this.#waiting.unshift(entry);
  }

  /** The first answer that can begin: the other answers of a job wait until its prompt is computed. */
  peek(): Waiting | undefined {
    return this.#waiting.find(({ job, answer }) => answer.index === 0 || job.started);
  }

  remove(entry: Waiting): void {
    this.#waiting = this.#waiting.filter((other) => other !== entry);
  }

  removeJob(job: RunningJob): void {
    this.#waiting = this.#waiting.filter((entry) => entry.job !== job);
  }

  finished(job: { ms: number }): void {
    this.#jobMs = this.#jobMs * 0.8 + job.ms * 0.2;
  }
}

/**
 * Servers that take long to add, as when their image is pulled: clients give a call a minute, often less than that. The
 * call that began it is answered before, the work goes on, and the next call for the same server joins it.
 */
import { SharedWork } from "../servers/shared_work.ts";
import type { CallToolResult } from "../sdk.ts";

export class SlowAdds {
  readonly #works = new Map<string, SharedWork<CallToolResult>>();
  readonly #signal: AbortSignal;
  readonly #patience: number;

  /** `signal`: the session's. `patience`: ms until a call is answered all the same. */
  constructor(signal: AbortSignal, patience: number) {
    this.#signal = signal;
    this.#patience = patience;
  }

  /** Whether a server is being added, or was and nobody has heard of it. */
  has(name: string): boolean {
    return this.#works.has(name);
  }

  /** Begins it, unless it is under way. It is aborted when all calls that wait for it are. */
  begin(name: string, add: (signal: AbortSignal) => Promise<CallToolResult>): void {
    if (!this.has(name)) this.#works.set(name, new SharedWork(add));
  }

  /** What has been begun gives; undefined when that takes too long. */
  async wait(name: string, signal: AbortSignal): Promise<CallToolResult | undefined> {
    const work = this.#works.get(name)!;
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => late.resolve(undefined), this.#patience);
    const waiting = work.wait(signal);
    try {
      const answer = await Promise.race([waiting, late.promise]);
      if (answer) this.#forget(name, work);
      else work.wait(this.#signal).catch(() => {}); // it goes on; its failure is for the next call
      return answer;
    } catch (error) {
      const othersWait = signal.aborted && !work.isGivenUp;
      if (!othersWait) this.#forget(name, work);
      throw error;
    } finally {
      clearTimeout(timer);
      waiting.catch(() => {});
    }
  }

  /** What was told of a server before counts no more. */
  forget(name: string): void {
    this.#works.delete(name);
  }

  #forget(name: string, work: SharedWork<CallToolResult>): void {
    if (this.#works.get(name) === work) this.#works.delete(name);
  }
}

/** Work that several wait for: it is done once, and goes on for as long as anybody waits for it. */
import { abortable } from "../abortable.ts";

export class SharedWork<T> {
  /** Settles with the work, which is aborted when the last one has left. */
  readonly done: Promise<T>;
  readonly #abort = new AbortController();
  #waiting = 0;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.done = work(this.#abort.signal);
    this.done.catch(() => {}); // nobody may be left who hears of its failure
  }

  /** True when it was given up: whoever comes now needs another one. */
  get isGivenUp(): boolean {
    return this.#abort.signal.aborted;
  }

  /** What the work gives or throws; throws the signal's reason when that aborts before. */
  async wait(signal: AbortSignal): Promise<T> {
    this.#waiting++;
    try {
      return await abortable(this.done, signal);
    } finally {
      if (--this.#waiting === 0) this.#abort.abort(new DOMException("Nobody waits for it", "AbortError"));
    }
  }
}

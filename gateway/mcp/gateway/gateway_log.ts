/**
 * The gateway's log for people, mostly on stderr. Lines are gathered for a moment: a write for each would be a good
 * part of what a tool call costs. Clients often do not read the log of their servers; it must not fill the memory then.
 */

import { printable } from "../../../core/terminal/printable.ts";

/** Milliseconds that a line waits for others. */
const gatherMs = 10;
/** Characters that wait to be written; of what comes beyond that only the number of lines is told. */
const mostWaiting = 1_000_000;
/** For the reader to take what is left at the end. */
const graceMs = 1000;

export class GatewayLog {
  readonly #write: (text: string) => Promise<unknown>;
  #waiting = "";
  #left = 0;
  #timer?: ReturnType<typeof setTimeout>;
  #writing?: Promise<void>;

  /** `write` resolves when the text is taken. */
  constructor(write: (text: string) => Promise<unknown>) {
    this.#write = write;
  }

  /** Without its end. */
  line(text: string): void {
    if (this.#waiting.length > mostWaiting) {
      this.#left++;
      return;
    }
    this.#waiting += `${printable(text)}\n`;
    if (this.#timer === undefined && !this.#writing) {
      this.#timer = setTimeout(() => this.#run(), gatherMs);
      Deno.unrefTimer(this.#timer);
    }
  }

  /** Resolves when all lines are written, or the reader does not take them. */
  async written(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, graceMs);
    await Promise.race([this.#writing ?? this.#run(), late]);
    clearTimeout(timer);
  }

  #run(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#writing = this.#writeAll().finally(() => this.#writing = undefined);
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting !== "") {
      const text = this.#waiting;
      const left = this.#left;
      this.#waiting = "";
      this.#left = 0;
      await this.#write(left > 0 ? `${text}! ${left} further lines were left out: nobody read them\n` : text)
        .catch(() => {}); // nobody is there to read it
    }
  }
}

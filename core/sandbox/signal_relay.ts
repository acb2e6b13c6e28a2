/**
 * Signals that skiff gets while a program of a sandbox runs: passed on to the program, which decides. One that
 * does not end is killed after a while, so that no agent is left behind.
 */

type Relayed = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGQUIT";

const relayed: Relayed[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];
const numbers: Record<Relayed, number> = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 };
/** What a program gets to tidy up in after a signal that means the end. */
const graceMs = 5000;
/** Interrupts in a row that mean "now". */
const impatientAfter = 3;

export class SignalRelay {
  closed = false;
  /** The last signal that meant the end of skiff. */
  signal?: Relayed;
  /** Called when the program was killed and nothing is to be waited for. */
  onGiveUp?: () => void;
  readonly #send: (signal: string) => Promise<void>;
  readonly #handlers = new Map<Relayed, () => void>();
  #interrupts = 0;
  #timer?: ReturnType<typeof setTimeout>;

  constructor(send: (signal: string) => Promise<void>) {
    this.#send = send;
  }

  open(): void {
    for (const signal of relayed) {
      const handler = () => void this.#received(signal);
      this.#handlers.set(signal, handler);
      Deno.addSignalListener(signal, handler);
    }
  }

  close(): void {
    this.closed = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer); // the first call costs Deno 2.9 20 ms
    for (const [signal, handler] of this.#handlers) Deno.removeSignalListener(signal, handler);
    this.#handlers.clear();
  }

  /** As a shell reports it. */
  get exitCode(): number {
    return 128 + (this.signal ? numbers[this.signal] : 0);
  }

  /** Ends the program: the signal, and after a while the one that cannot be ignored. */
  async end(signal: Relayed): Promise<void> {
    this.signal = signal;
    this.#timer ??= setTimeout(() => void this.#kill(), graceMs);
    await this.#send(signal).catch(() => {}); // the Engine may be gone
  }

  async #received(signal: Relayed): Promise<void> {
    if (signal !== "SIGINT" && signal !== "SIGQUIT") return await this.end(signal);
    this.#interrupts++;
    if (this.#interrupts < impatientAfter) return await this.#send(signal).catch(() => this.onGiveUp?.());
    this.signal = signal;
    await this.#kill();
  }

  async #kill(): Promise<void> {
    await this.#send("SIGKILL").catch(() => {});
    this.onGiveUp?.();
  }
}

/** How many servers run at once, over all sessions: the hard cap. */
import { abortable } from "../abortable.ts";

/** Something started that counts. */
export interface Counted {
  /** When it was last used, for choosing whom to end; undefined while it must stay. */
  idleSince(): number | undefined;
  close(): Promise<void>;
}

export class ConnectionBudget {
  readonly #most: number;
  readonly #counted = new Set<Counted>();
  /** Of those who wait for a change; there is none while nobody does. */
  #change?: PromiseWithResolvers<void>;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#counted.size;
  }

  /** Waits for room, ending whoever was idle longest. Throws the signal's reason. */
  async admit(one: Counted, signal: AbortSignal): Promise<void> {
    while (this.#counted.size >= this.#most) {
      signal.throwIfAborted();
      const idle = this.#idlest();
      if (idle) {
        this.leave(idle);
        await idle.close();
      } else {
        this.#change ??= Promise.withResolvers();
        await abortable(this.#change.promise, signal);
      }
    }
    signal.throwIfAborted();
    this.#counted.add(one);
  }

  leave(one: Counted): void {
    if (this.#counted.delete(one)) this.changed();
  }

  /** Somebody became idle or left. */
  changed(): void {
    this.#change?.resolve();
    this.#change = undefined;
  }

  #idlest(): Counted | undefined {
    let found: { one: Counted; since: number } | undefined;
    for (const one of this.#counted) {
      const since = one.idleSince();
      if (since !== undefined && (!found || since < found.since)) found = { one, since };
    }
    return found?.one;
  }
}

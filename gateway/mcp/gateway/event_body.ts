/** The body of an answer that goes on, with a bound on what waits in it for a client that reads slowly. */

/** Bytes that wait for the client until whoever sends more of them has to wait, too. */
const queuedBytes = 1024 * 1024;

export class EventBody {
  readonly stream: ReadableStream<Uint8Array>;
  /** When it has ended, or its reader has gone. */
  readonly ended: Promise<void>;
  readonly #end: () => void;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  /** Resolved when the client has taken what was sent. */
  #taken?: PromiseWithResolvers<void>;
  #ended = false;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#release(),
      cancel: () => this.end(),
    }, new ByteLengthQueuingStrategy({ highWaterMark: queuedBytes }));
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  get hasRoom(): boolean {
    return (this.#controller.desiredSize ?? 0) > 0;
  }

  write(bytes: Uint8Array): void {
    if (!this.#ended) this.#controller.enqueue(bytes);
  }

  /** Resolves when there is room, or nothing more is to come. */
  async room(): Promise<void> {
    if (this.#ended || this.hasRoom) return;
    await (this.#taken ??= Promise.withResolvers()).promise;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#release();
    try {
      this.#controller.close();
    } catch { /* the client has cancelled it */ }
    this.#end();
  }

  #release(): void {
    this.#taken?.resolve();
    this.#taken = undefined;
  }
}

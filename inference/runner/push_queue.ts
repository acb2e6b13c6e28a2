/** A queue that is written by callbacks and read by one `for await`. */
export class PushQueue<T> implements AsyncIterableIterator<T> {
  #items: T[] = [];
  #ended = false;
  #error: unknown;
  #wake?: () => void;
  readonly #onReturn: () => void;

  /** `onReturn` is called when the reader leaves before the end. */
  constructor(onReturn: () => void = () => {}) {
    this.#onReturn = onReturn;
  }

  push(item: T): void {
    this.#items.push(item);
    this.#wake?.();
  }

  /** After what was pushed, the reader comes to the end, or gets `error` thrown. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<T>> {
    while (this.#items.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    if (this.#items.length > 0) return { value: this.#items.shift()!, done: false };
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) throw error;
    return { value: undefined, done: true };
  }

  return(): Promise<IteratorResult<T>> {
    if (!this.#ended || this.#items.length > 0) this.#onReturn();
    this.#items = [];
    this.#ended = true;
    this.#error = undefined;
    this.#wake?.();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

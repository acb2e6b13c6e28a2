/** Wrappers of encoders, passes and command buffers are freed lazily: 3.6 KB a submit unless collected. */

const submitsBetween = 512;

/** Collects every few hundred submits, where the program was started with --expose-gc. */
export class GarbagePolicy {
  #submits = 0;

  submitted(): void {
    this.#submits++;
    if (this.#submits >= submitsBetween) this.collect();
  }

  /** Collects now: after loading, and when the engine has nothing to do. */
  collect(): void {
    this.#submits = 0;
    (globalThis as { gc?: () => void }).gc?.();
  }
}

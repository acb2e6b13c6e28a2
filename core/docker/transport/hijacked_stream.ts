/** A connection after its upgrade: raw bytes both ways (attach, exec, sessions). */
import { interrupted } from "../../errors/skiff_error.ts";
import type { Connection } from "./connection.ts";

export interface HijackedStream {
  /** What the Engine sends, read no faster than it is taken. */
  readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What the Engine gets; a write resolves when the system has taken it. `close` is a half-close. */
  writable: WritableStream<Uint8Array>;
  /** "application/vnd.docker.multiplexed-stream" or "…raw-stream", from Engines of API 1.42 on. */
  mediaType?: string;
  /** Half-close: the other side sees the end of stdin and can still send. */
  closeWrite(): Promise<void>;
  /** Ends both directions and frees the connection. May be called again. */
  close(): void;
}

export interface HijackOptions {
  connection: Connection;
  next: () => Promise<Uint8Array<ArrayBuffer> | null>;
  mediaType?: string;
  signal?: AbortSignal;
  /** Frees the connection. */
  release: () => void;
}

/** Frees its connection by itself when the Engine has closed its side, or the readable is cancelled. */
export class HijackedConnection implements HijackedStream {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array>;
  readonly mediaType?: string;
  readonly #connection: Connection;
  readonly #options: HijackOptions;
  #writeClosed = false;
  #closed = false;
  #fail: ((error: unknown) => void)[] = [];

  constructor(options: HijackOptions) {
    this.#options = options;
    this.#connection = options.connection;
    this.mediaType = options.mediaType;
    this.readable = new ReadableStream({
      start: (controller) => void this.#fail.push((error) => controller.error(error)),
      pull: (controller) => this.#pull(controller),
      cancel: () => this.close(),
    }, { highWaterMark: 0 });
    this.writable = new WritableStream({
      start: (controller) => void this.#fail.push((error) => controller.error(error)),
      write: (bytes) => this.#connection.write(bytes),
      close: () => this.closeWrite(),
      abort: () => this.close(),
    });
    options.signal?.addEventListener("abort", this.#abort, { once: true });
  }

  async closeWrite(): Promise<void> {
    if (this.#writeClosed || this.#closed) return;
    this.#writeClosed = true;
    try {
      await this.#connection.closeWrite();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotConnected) && !this.#closed) throw error; // it has ended already
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.#options.release();
  }

  readonly #abort = () => {
    this.close();
    for (const fail of this.#fail) fail(interrupted(this.#options.signal?.reason));
  };

  async #pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    try {
      const bytes = this.#closed ? null : await this.#options.next();
      if (bytes !== null) return controller.enqueue(bytes);
    } catch (error) {
      const ours = this.#closed;
      this.close();
      if (!ours) return controller.error(error);
    }
    this.close();
    controller.close();
  }
}

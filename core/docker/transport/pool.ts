/** Connections that are kept for the next request, and no more of them than wanted. */
import { interrupted } from "../../errors/skiff_error.ts";
import { ByteReader } from "./byte_reader.ts";
import type { Connection } from "./connection.ts";

/** A connection on loan to one request. */
export interface Lease {
  connection: Connection;
  reader: ByteReader;
  /** It has carried a request before, so the other side may have closed it meanwhile. */
  reused: boolean;
  /** Counts against the bound; streams that may stay open for hours do not. */
  counted: boolean;
}

export interface PoolOptions {
  dial: (signal?: AbortSignal) => Promise<Connection>;
  /** Short requests at a time, and connections that are kept; further requests wait in line. */
  most: number;
}

interface Waiting {
  resolve: () => void;
  reject: (error: unknown) => void;
}

export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #idle: Lease[] = [];
  readonly #lent = new Set<Lease>();
  readonly #line: Waiting[] = [];
  #counted = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Connections that exist now, idle ones included. */
  get size(): number {
    return this.#idle.length + this.#lent.size;
  }

  /** `long`: for streams; it never waits in line. `fresh`: not one that was used before. */
  async acquire(options: { long?: boolean; fresh?: boolean; signal?: AbortSignal }): Promise<Lease> {
    if (this.#closed) throw new TypeError("The connection to the Docker Engine is closed already");
    const counted = !options.long;
    if (counted) await this.#enter(options.signal);
    try {
      const lease = (!options.fresh && this.#takeIdle()) || await this.#dial(options.signal);
      lease.counted = counted;
      this.#lent.add(lease);
      if (this.#closed) this.discard(lease);
      return lease;
    } catch (error) {
      if (counted) this.#leave();
      throw error;
    }
  }

  /** Gives back a connection that stands between two requests. */
  release(lease: Lease): void {
    if (!this.#lent.delete(lease)) return;
    if (lease.counted) this.#leave();
    if (this.#closed || this.#idle.length >= this.#options.most || lease.reader.buffered > 0) {
      return lease.connection.close();
    }
    lease.reused = true;
    lease.connection.hold(false);
    this.#idle.push(lease);
    // A read that is always open tells at once when the Engine closes it.
    const drop = () => {
      const at = this.#idle.indexOf(lease);
      if (at < 0) return;
      this.#idle.splice(at, 1);
      lease.connection.close();
    };
    lease.reader.fill().then(drop, drop);
  }

  /** Closes a connection that cannot be used again. */
  discard(lease: Lease): void {
    lease.connection.close();
    if (this.#lent.delete(lease) && lease.counted) this.#leave();
  }

  /** Closes all connections, those in use too. */
  close(): void {
    this.#closed = true;
    for (const lease of this.#idle.splice(0)) lease.connection.close();
    for (const lease of [...this.#lent]) this.discard(lease);
    for (const { reject } of this.#line.splice(0)) reject(interrupted("closed"));
  }

  #takeIdle(): Lease | undefined {
    const lease = this.#idle.pop();
    lease?.connection.hold(true);
    return lease;
  }

  async #dial(signal?: AbortSignal): Promise<Lease> {
    const connection = await this.#options.dial(signal);
    return { connection, reader: new ByteReader(connection), reused: false, counted: true };
  }

  async #enter(signal?: AbortSignal): Promise<void> {
    if (this.#counted < this.#options.most) {
      this.#counted++;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { resolve, reject };
    const stop = () => {
      const at = this.#line.indexOf(waiting);
      if (at >= 0) this.#line.splice(at, 1);
      reject(interrupted(signal?.reason));
    };
    this.#line.push(waiting);
    signal?.addEventListener("abort", stop, { once: true });
    await promise.finally(() => signal?.removeEventListener("abort", stop));
  }

  /** The place goes to the next in line, or becomes free. */
  #leave(): void {
    const next = this.#line.shift();
    if (next) next.resolve();
    else this.#counted--;
  }
}

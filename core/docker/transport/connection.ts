/** Bytes both ways to a Docker Engine, whatever lies between: a socket, TLS, an ssh process, a Windows pipe. */

export interface Connection {
  /** The next bytes, a view that nobody writes to again; null at the end. One read at a time. */
  read(): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Resolves when the system has taken all bytes: who awaits it feels the other side's back-pressure. */
  write(bytes: Uint8Array): Promise<void>;
  /** Half-close: the other side sees the end of our bytes and can still send its own. */
  closeWrite(): Promise<void>;
  /** Frees everything; a pending read or write fails. May be called again. */
  close(): void;
  /** Whether it keeps the process running while nobody waits for it (an idle one must not). */
  hold(holds: boolean): void;
}

const slabBytes = 256 * 1024;
const smallestRead = 64 * 1024;

/** A connection over a socket of Deno's. */
export class SocketConnection implements Connection {
  readonly #socket: Deno.Conn & { ref?(): void; unref?(): void };
  #slab = new Uint8Array(0);
  #used = 0;
  #closed = false;

  constructor(socket: Deno.Conn) {
    this.#socket = socket;
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#slab.length - this.#used < smallestRead) {
      // The first slab is small: most connections carry a few small answers.
      this.#slab = new Uint8Array(this.#slab.length === 0 ? smallestRead : slabBytes);
      this.#used = 0;
    }
    const count = await this.#socket.read(this.#slab.subarray(this.#used));
    if (count === null) return null;
    const bytes = this.#slab.subarray(this.#used, this.#used + count);
    this.#used += count;
    return bytes;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) sent += await this.#socket.write(bytes.subarray(sent));
  }

  closeWrite(): Promise<void> {
    return this.#socket.closeWrite();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }

  hold(holds: boolean): void {
    if (this.#closed) return;
    if (holds) this.#socket.ref?.();
    else this.#socket.unref?.();
  }
}

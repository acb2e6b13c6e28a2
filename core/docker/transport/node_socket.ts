/** A connection over a socket of Node's API, for what Deno's own sockets cannot open. */
import type { Socket } from "node:net";
import type { Connection } from "./connection.ts";

export class NodeSocketConnection implements Connection {
  readonly #socket: Socket;
  readonly #pieces: AsyncIterator<Uint8Array>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    // The iterator reads with back-pressure; it must not destroy the socket when one direction has ended.
    this.#pieces = socket.iterator({ destroyOnReturn: false });
    socket.on("error", () => {}); // told by the read or write that meets it
  }

  /** Waits for `ready` on the socket that `connect` starts. */
  static open(ready: "connect" | "secureConnect", connect: () => Socket): Promise<Connection> {
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    const socket = connect();
    const fail = (error: Error) => reject(asDenoError(error));
    socket.once("error", fail);
    socket.once(ready, () => {
      socket.off("error", fail);
      resolve(new NodeSocketConnection(socket));
    });
    return promise;
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | null> {
    const { done, value } = await this.#pieces.next();
    return done ? null : value as Uint8Array<ArrayBuffer>;
  }

  write(bytes: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#socket.write(bytes, (error) => error ? reject(error) : resolve());
    return promise;
  }

  closeWrite(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.end(resolve);
    return promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  hold(holds: boolean): void {
    if (holds) this.#socket.ref();
    else this.#socket.unref();
  }
}

const kinds: Record<string, new (message: string, options?: ErrorOptions) => Error> = {
  ENOENT: Deno.errors.NotFound,
  EACCES: Deno.errors.PermissionDenied,
  EPERM: Deno.errors.PermissionDenied,
  ECONNREFUSED: Deno.errors.ConnectionRefused,
};

/** As Deno's own sockets fail, so that the search for an Engine goes on to the next place. */
function asDenoError(error: Error): Error {
  const Kind = kinds[(error as { code?: string }).code ?? ""];
  return Kind ? new Kind(error.message, { cause: error }) : error;
}

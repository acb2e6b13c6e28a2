/** One unix socket of a sandbox: takes connections, hands each request to its handler, survives every error. */
import { HttpConnection } from "../http/connection.ts";
import { answer } from "../http/exchange.ts";
import { BadMessage, type RequestHead } from "../http/head.ts";
import { removeOwnSocket, socketIdentity } from "../../../process/unix_socket.ts";

/** Serves one request; true when the connection can take another one. */
export type Handler = (client: HttpConnection, request: RequestHead) => Promise<boolean>;

/** For a request's head to come, or the next one. */
const headMs = 5 * 60_000;
/** What a refused request may still send while its answer is on the way. */
const lingerMs = 2000;
const lingerBytes = 4 * 1024 * 1024;

export class SandboxListener {
  readonly path: string;
  readonly #listener: Deno.Listener<Deno.UnixConn>;
  readonly #identity: string;
  readonly #handler: Handler;
  readonly #most: number;
  readonly #open = new Set<HttpConnection>();
  #room?: PromiseWithResolvers<void>;
  #closed = false;
  #lastClosed = Date.now();

  /**
   * Listens at once; whoever may enter the folder may connect. `most`: connections at once; further ones wait,
   * and cost only their sandbox.
   */
  constructor(path: string, handler: Handler, most: number) {
    this.path = path;
    this.#handler = handler;
    this.#most = most;
    try {
      Deno.removeSync(path); // of a proxy that was killed: there is only one
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    this.#listener = Deno.listen({ transport: "unix", path });
    Deno.chmodSync(path, 0o666);
    this.#identity = socketIdentity(path);
    this.#accept();
  }

  /** Since when nobody is connected; undefined while somebody is. */
  get quietSince(): number | undefined {
    return this.#open.size > 0 ? undefined : this.#lastClosed;
  }

  async #accept(): Promise<void> {
    while (!this.#closed) {
      if (this.#open.size >= this.#most) {
        this.#room = Promise.withResolvers();
        await this.#room.promise;
      }
      let connection: Deno.UnixConn;
      try {
        connection = await this.#listener.accept();
      } catch {
        if (this.#closed) return;
        await new Promise((resolve) => setTimeout(resolve, 50)); // no file descriptors left
        continue;
      }
      this.#serve(new HttpConnection(connection));
    }
  }

  async #serve(client: HttpConnection): Promise<void> {
    this.#open.add(client);
    try {
      while (await this.#serveOne(client));
    } catch (error) {
      await this.#explain(client, error).catch(() => {});
    }
    await linger(client).catch(() => {});
    client.close();
    this.#open.delete(client);
    this.#lastClosed = Date.now();
    this.#room?.resolve();
  }

  async #serveOne(client: HttpConnection): Promise<boolean> {
    const timer = setTimeout(() => client.close(), headMs);
    const request = await client.readRequestHead().finally(() => clearTimeout(timer));
    return request !== undefined && await this.#handler(client, request) && !client.closed;
  }

  /** The answer to what cannot be carried out. */
  async #explain(client: HttpConnection, error: unknown): Promise<void> {
    if (client.closed) return;
    if (error instanceof BadMessage) {
      await answer(client, error.status, `skiff: ${error.message}.\n`);
    } else if (!(error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset)) {
      await answer(client, 502, `skiff: ${error instanceof Error ? error.message : error}\n`);
    }
  }

  /** Stops listening, removes the socket, cuts what is under way. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
    removeOwnSocket(this.path, this.#identity);
    for (const client of this.#open) client.close();
  }
}

/** Closing with bytes unread would reset the connection and take the answer along. */
async function linger(client: HttpConnection): Promise<void> {
  if (client.closed) return;
  await client.closeWrite();
  const timer = setTimeout(() => client.close(), lingerMs);
  let bytes = 0;
  try {
    for await (const piece of client.rest()) {
      bytes += piece.length;
      if (bytes > lingerBytes) break;
    }
  } finally {
    clearTimeout(timer);
  }
}

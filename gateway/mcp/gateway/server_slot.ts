/**
 * One server for one session: started when it is needed, once however many ask, kept warm while it is used and
 * some time longer, started again when it has ended.
 */
import { createHash } from "node:crypto";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import type { RequestId } from "../sdk.ts";
import type { ServerConnection } from "../servers/server.ts";
import { SessionLost } from "../servers/session_lost.ts";
import { abortable } from "../abortable.ts";
import type { ConnectionBudget, Counted } from "./connection_budget.ts";

export interface SlotOptions {
  budget: ConnectionBudget;
  /** Milliseconds without use until it is ended; Infinity for servers that live as long as the session. */
  idleMs: number;
  open(server: EnabledServer, slot: ServerSlot, signal: AbortSignal): Promise<ServerConnection>;
  /** It ended without being asked to. */
  onEnd(server: EnabledServer, reason: string): void;
}

export interface UseOptions {
  signal: AbortSignal;
  /** The client's, that it is for. */
  requestId?: RequestId;
  /** It is only asked what it offers: nobody waits for that once it is configured otherwise. */
  isLearning?: boolean;
}

export class ServerSlot implements Counted {
  readonly server: EnabledServer;
  /** Resources that the client has subscribed to; while there are any, the server stays. */
  readonly subscriptions = new Set<string>();
  readonly #options: SlotOptions;
  readonly #inFlight = new Set<RequestId>();
  #uses = 0;
  #opening?: { promise: Promise<ServerConnection>; abort: AbortController };
  #connection?: ServerConnection;
  /** Of sessions that the server has ended; what they still do may come to its end. */
  readonly #lost = new Set<ServerConnection>();
  #lastUse = performance.now();
  #timer?: ReturnType<typeof setTimeout>;
  #ended = false;
  /** Requests whose answer somebody waits for. */
  #asked = 0;
  /** Settled when there are no such any longer; there while that is waited for. */
  #answered?: PromiseWithResolvers<void>;

  constructor(server: EnabledServer, options: SlotOptions) {
    this.server = server;
    this.#options = options;
  }

  /** The running connection, if there is one. */
  get connection(): ServerConnection | undefined {
    return this.#connection;
  }

  /** The newest request of the client that this server works on: what it sends meanwhile belongs to that one. */
  get related(): RequestId | undefined {
    return [...this.#inFlight].at(-1);
  }

  /** Runs `work` on the connection, which is started when there is none. */
  async use<T>(
    work: (connection: ServerConnection) => Promise<T>,
    { signal, requestId, isLearning = false }: UseOptions,
  ): Promise<T> {
    this.#uses++;
    if (!isLearning) this.#asked++;
    if (requestId !== undefined) this.#inFlight.add(requestId);
    try {
      const connection = this.#connection ?? await abortable(this.#open(), signal);
      try {
        return await work(connection);
      } catch (error) {
        if (!(error instanceof SessionLost)) throw error;
        this.#lose(connection);
        return await work(this.#connection ?? await abortable(this.#open(), signal));
      }
    } finally {
      this.#uses--;
      if (!isLearning && --this.#asked === 0) this.#answered?.resolve();
      if (requestId !== undefined) this.#inFlight.delete(requestId);
      this.#lastUse = performance.now();
      this.#rest();
    }
  }

  idleSince(): number | undefined {
    const busy = this.#uses > 0 || this.subscriptions.size > 0 || this.#opening !== undefined;
    return busy || this.#options.idleMs === Infinity ? undefined : this.#lastUse;
  }

  /** Ends the server; a later use starts it again. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#opening?.abort.abort(new DOMException("The server is not needed any more", "AbortError"));
    const connection = this.#connection;
    this.#connection = undefined;
    await Promise.all([connection, ...this.#lost].map((one) => one?.close()));
    await this.#opening?.promise.catch(() => {});
    this.#options.budget.leave(this);
  }

  /** Ends it for good: nothing starts it again. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.close();
  }

  /** Ends it for good when it has answered what it was asked. One that has not started yet ends at once. */
  async retire(): Promise<void> {
    if (this.isAsked) {
      this.#answered ??= Promise.withResolvers();
      await this.#answered.promise;
    }
    await this.end();
  }

  /** Whether it runs and somebody waits for its answer. */
  get isAsked(): boolean {
    return this.#asked > 0 && this.#connection !== undefined;
  }

  #open(): Promise<ServerConnection> {
    if (this.#ended) return Promise.reject(new Error("The session has ended"));
    if (!this.#opening) {
      const abort = new AbortController();
      const promise = this.#start(abort.signal).finally(() => this.#opening = undefined);
      promise.catch(() => {}); // whoever waits is told
      this.#opening = { promise, abort };
    }
    return this.#opening.promise;
  }

  async #start(signal: AbortSignal): Promise<ServerConnection> {
    const { budget, open, onEnd } = this.#options;
    await budget.admit(this, signal);
    try {
      const connection = await open(this.server, this, signal);
      if (signal.aborted) {
        await connection.close();
        throw signal.reason;
      }
      this.#connection = connection;
      connection.closed.then((reason) => {
        if (this.#connection !== connection) return;
        this.#connection = undefined;
        budget.leave(this);
        connection.close();
        onEnd(this.server, reason);
      });
      return connection;
    } catch (error) {
      budget.leave(this);
      throw error;
    }
  }

  #lose(connection: ServerConnection): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#options.budget.leave(this);
    this.#lost.add(connection);
    connection.closed.then(() => this.#lost.delete(connection));
    this.#options.onEnd(this.server, "its session has ended; it gets a new one");
  }

  #rest(): void {
    const { budget, idleMs } = this.#options;
    if (this.#uses === 0) budget.changed();
    if (this.#timer === undefined && idleMs !== Infinity) this.#closeWhenIdle(idleMs);
  }

  /** One timer for many uses: when it is over, it waits for what is left since the last one. */
  #closeWhenIdle(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#connection) return;
      const left = this.#options.idleMs - (performance.now() - (this.idleSince() ?? performance.now()));
      if (left > 0) this.#closeWhenIdle(left);
      else this.close();
    }, ms);
    Deno.unrefTimer(this.#timer);
  }
}

const fingerprints = new WeakMap<EnabledServer, string>();

/** Tells configurations of a server apart, secrets included; for memory only. */
export function serverFingerprint(server: EnabledServer): string {
  let fingerprint = fingerprints.get(server);
  if (fingerprint === undefined) {
    const { entry, config, secrets } = server;
    const text = JSON.stringify([entry, config, [...secrets].sort()]);
    fingerprint = createHash("sha256").update(text).digest("hex");
    fingerprints.set(server, fingerprint);
  }
  return fingerprint;
}

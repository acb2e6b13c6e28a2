/**
 * The server process: sockets, one server a home, graceful end. Sockets are bound and the first model is
 * being loaded before the routes are imported: a cold `model run` waits for neither.
 */
import { SkiffError, toSkiffError } from "../../core/errors/skiff_error.ts";
import { type Paths, skiffPaths } from "../../core/paths/paths.ts";
import { version as ownVersion } from "../../core/version.ts";
import type { ModelHost } from "../../inference/runner/host.ts";
import type { ModelStore } from "../../inference/store/model_store.ts";
import { portSetting, type ServerAddresses, type ServerFiles, serverFiles } from "../endpoint.ts";
import { nativeErrorResponse } from "./errors.ts";
import type { AppParts, Connection, HttpSettings } from "./parts.ts";
import { giveMemoryBack } from "./idle_memory.ts";
import { type LogSource, ServerLog } from "./server_log.ts";
import { httpSettings, isLoopbackAddress } from "./settings.ts";
import { settlesWithin } from "./settles_within.ts";
import {
  clearStaleSocket,
  holdLifeLock,
  prepareFolders,
  removeOwnSocket,
  socketIdentity,
  underStartLock,
} from "./single_instance.ts";

/** A pause between requests after which memory is given back. */
const restMs = 2000;

/** What the server serves. */
export interface ServerParts {
  store: ModelStore;
  host: ModelHost;
  engines?: AppParts["engines"];
  engineBytes?: AppParts["engineBytes"];
}

export interface ServerOptions {
  /** Makes store and host; called once, when the sockets are bound. `log` adds a line to the server's log. */
  parts: (tools: { log: (source: LogSource, line: string) => void }) => Promise<ServerParts> | ServerParts;
  paths?: Paths;
  version?: string;
  /** Address to listen on. Default 127.0.0.1 (and ::1 where there is one). */
  host?: string;
  /** Default MODEL_RUNNER_PORT or 12434; 0 = any free one. */
  port?: number;
  /** Over what the environment says (settings.ts). */
  settings?: Partial<HttpSettings>;
  /** A model to load at once, by name. */
  preload?: string;
  /** End after so many milliseconds without a request and without a loaded model. Default never. */
  idleExitMs?: number;
  /** How long requests in progress may go on after `close`. Default 10 s. */
  drainMs?: number;
  /** The process is the server's: SIGTERM and SIGINT end it, the second one at once; stray faults are logged. */
  signals?: boolean;
  /** Called with each line of the log. */
  onLog?: (line: string) => void;
}

export interface RunningServer {
  addresses: ServerAddresses;
  /** Path of the log. */
  log: string;
  /** Resolves when everything is closed and the models are unloaded. */
  closed: Promise<void>;
  /** Refuses new connections, lets requests in progress finish (unless `force`), unloads, frees the sockets. */
  close(options?: { force?: boolean }): Promise<void>;
}

type Handler = (request: Request, info: Deno.ServeHandlerInfo) => Promise<Response>;

/**
 * Starts the server of this home.
 * Throws "conflict" when one is running (details.running) or the port is taken.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const paths = options.paths ?? skiffPaths();
  const files = serverFiles(paths);
  prepareFolders(files);
  const server = new Server(options, files);
  await underStartLock(files, () => server.bind());
  server.begin();
  return server;
}

/** A server from its sockets to its end. */
class Server implements RunningServer {
  readonly closed: Promise<void>;
  addresses!: ServerAddresses;
  readonly #options: ServerOptions;
  readonly #files: ServerFiles;
  readonly #closing = new AbortController();
  readonly #aborted = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  #log!: ServerLog;
  #life?: Deno.FsFile;
  #listeners: Deno.HttpServer[] = [];
  #socketIdentity = "";
  #host?: ModelHost;
  #handle!: Handler;
  #inFlight = 0;
  #restTimer?: ReturnType<typeof setTimeout>;
  #lastActive = Date.now();
  #idleTimer?: ReturnType<typeof setInterval>;
  #loading: Promise<unknown> = Promise.resolve();
  #forget: () => void = () => {};

  constructor(options: ServerOptions, files: ServerFiles) {
    this.#options = options;
    this.#files = files;
    this.closed = this.#ended.promise;
  }

  get log(): string {
    return this.#log.path;
  }

  /** Takes the sockets; all or none. Called under the start lock. */
  async bind(): Promise<void> {
    const { socket } = this.#files;
    if (socket) await clearStaleSocket(socket);
    const handler: Handler = (request, info) => this.#serve(request, info);
    const { signal } = this.#aborted;
    const hostname = this.#options.host ?? "127.0.0.1";
    const url = this.#listenTcp(hostname, this.#options.port ?? portSetting(), handler);
    if (socket) {
      try {
        this.#listeners.push(Deno.serve({ path: socket, signal, onListen() {} }, handler));
        Deno.chmodSync(socket, 0o600);
        this.#socketIdentity = socketIdentity(socket);
      } catch (error) {
        this.#aborted.abort();
        throw new SkiffError("internal", `Cannot listen on ${socket}: ${toSkiffError(error).message}`, {
          cause: error,
        });
      }
    }
    this.addresses = { url, ...(socket ? { socket } : {}) };
    this.#life = holdLifeLock(this.#files);
    this.#log = ServerLog.open(this.#files.logs, { echo: this.#options.onLog });
  }

  #listenTcp(hostname: string, port: number, handler: Handler): string {
    const { signal } = this.#aborted;
    let listener: Deno.HttpServer<Deno.NetAddr>;
    try {
      listener = Deno.serve({ hostname, port, signal, onListen() {} }, handler);
    } catch (error) {
      throw listenError(error, hostname, port);
    }
    this.#listeners.push(listener);
    const chosen = listener.addr.port;
    if (this.#options.host === undefined) this.#listenIpv6Loopback(chosen, handler);
    return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${chosen}`;
  }

  /** "localhost" is ::1 for some clients, which try nothing else. Without IPv6 there is nothing to do. */
  #listenIpv6Loopback(port: number, handler: Handler): void {
    try {
      const { signal } = this.#aborted;
      this.#listeners.push(Deno.serve({ hostname: "::1", port, signal, onListen() {} }, handler));
    } catch (error) {
      if (error instanceof TypeError) throw error;
    }
  }

  /** Makes the parts, kicks the preload, then imports the routes; requests wait for them. */
  begin(): void {
    this.#handle = (request, info) => loading.then((handle) => handle(request, info));
    const loading = this.#load();
    this.#loading = loading;
    loading.then((handle) => this.#handle = handle, (error) => this.#fail(error));
    if (this.#options.signals) this.#ownProcess();
    this.#watchIdleness();
    const { url, socket } = this.addresses;
    this.#line(`listening on ${url}${socket ? ` and ${socket}` : ""}, pid ${Deno.pid}`);
  }

  #line(message: string): void {
    this.#log.write("server", message);
  }

  async #load(): Promise<Handler> {
    const parts = await this.#options.parts({ log: (source, line) => this.#log.write(source, line) });
    this.#host = parts.host;
    if (this.#options.preload) await this.#preload(parts, this.#options.preload);
    const { createApp } = await import("./app.ts");
    const app = createApp({
      ...parts,
      version: this.#options.version ?? ownVersion,
      settings: {
        public: !isLoopbackAddress(this.#options.host ?? "127.0.0.1"),
        ...httpSettings(),
        ...this.#options.settings,
      },
      log: this.#log,
      closing: this.#closing.signal,
    });
    return async (request, info) => await app.fetch(request, connection(info));
  }

  /** Returns when the load has begun. A failure is the first request's to tell. */
  async #preload({ store, host }: ServerParts, name: string): Promise<void> {
    const failed = (error: unknown) => this.#line(`cannot preload ${name}: ${toSkiffError(error).message}`);
    const model = await store.find(name).catch(failed);
    if (model) host.preload(model).catch(failed);
  }

  #fail(error: unknown): void {
    this.#line(`cannot start: ${toSkiffError(error).message}`);
    this.#handle = () => Promise.resolve(nativeErrorResponse(error));
    this.close();
  }

  async #serve(request: Request, info: Deno.ServeHandlerInfo): Promise<Response> {
    this.#inFlight++;
    info.completed.catch(() => {}).finally(() => {
      this.#inFlight--;
      this.#lastActive = Date.now();
      clearTimeout(this.#restTimer);
      if (this.#inFlight > 0 || this.#closing.signal.aborted) return;
      this.#restTimer = setTimeout(giveMemoryBack, restMs);
      Deno.unrefTimer(this.#restTimer);
    });
    try {
      return await this.#handle(request, info);
    } catch (error) {
      this.#line(`failed: ${toSkiffError(error).message}`);
      return nativeErrorResponse(error);
    }
  }

  #watchIdleness(): void {
    const limit = this.#options.idleExitMs;
    if (limit === undefined) return;
    const timer = setInterval(() => {
      const busy = this.#inFlight > 0 || (this.#host?.loaded().length ?? 1) > 0;
      if (busy) this.#lastActive = Date.now();
      else if (Date.now() - this.#lastActive >= limit) {
        this.#line("idle, ending");
        this.close();
      }
    }, Math.min(limit / 4 + 1, 30_000));
    Deno.unrefTimer(timer);
    this.#idleTimer = timer;
  }

  /** Signals end the server; a fault that nobody waited for is logged and ends nothing. */
  #ownProcess(): void {
    const end = () => {
      if (this.#closing.signal.aborted) Deno.exit(130);
      this.#line("ending on a signal");
      this.close();
    };
    const signals: Deno.Signal[] = Deno.build.os === "windows"
      ? ["SIGINT", "SIGBREAK"]
      : ["SIGINT", "SIGTERM"];
    for (const signal of signals) Deno.addSignalListener(signal, end);
    const fault = (event: PromiseRejectionEvent) => {
      event.preventDefault();
      this.#line(`fault: ${event.reason instanceof Error ? event.reason.stack : event.reason}`);
    };
    globalThis.addEventListener("unhandledrejection", fault);
    this.#forget = () => {
      for (const signal of signals) Deno.removeSignalListener(signal, end);
      globalThis.removeEventListener("unhandledrejection", fault);
    };
  }

  close({ force = false }: { force?: boolean } = {}): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort();
      this.#end(force).then(() => this.#ended.resolve(), (error) => this.#ended.reject(error));
    }
    return this.closed;
  }

  async #end(force: boolean): Promise<void> {
    clearInterval(this.#idleTimer);
    clearTimeout(this.#restTimer);
    const { socket } = this.#files;
    if (socket) await underStartLock(this.#files, () => removeOwnSocket(socket, this.#socketIdentity));
    let drained = false;
    const draining = Promise.all(this.#listeners.map((listener) => listener.shutdown())).then(() => {
      drained = true;
    });
    if (!force) await settlesWithin(draining, this.#options.drainMs ?? 10_000);
    await this.#loading.catch(() => {});
    await this.#host?.close({ force: true });
    if (!drained) await settlesWithin(draining, 100); // the host's end has ended most answers
    if (!drained) this.#aborted.abort();
    await draining.catch(() => {});
    this.#line("ended");
    this.#log.close();
    this.#forget();
    this.#life?.close();
  }
}

function connection(info: Deno.ServeHandlerInfo): Connection {
  const address = info.remoteAddr as Deno.Addr;
  if (address.transport === "tcp") return { transport: "tcp", remote: address.hostname };
  return { transport: "unix" };
}

function listenError(error: unknown, hostname: string, port: number): SkiffError {
  if (error instanceof Deno.errors.AddrInUse) {
    return new SkiffError("conflict", `Port ${port} on ${hostname} is in use by another program`, {
      hint: `Choose another port with MODEL_RUNNER_PORT=${port + 1} or \`skiff serve --port ${port + 1}\`.`,
      cause: error,
      details: { port },
    });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new SkiffError("invalid_input", `Cannot listen on ${hostname}:${port}: ${reason}`, {
    hint: "Check the address and the port.",
    cause: error,
  });
}

/**
 * The proxy process: one a user, started by the first sandbox that needs it. It serves the sockets of every
 * running sandbox, follows the Engine's events, and ends by itself when no sandbox runs any more.
 */
import { SkiffError } from "../../../errors/skiff_error.ts";
import { systemBundle } from "../../../http/system_certificates.ts";
import type { Paths } from "../../../paths/paths.ts";
import { removeOwnSocket, socketIdentity, socketIsLive } from "../../../process/unix_socket.ts";
import { version } from "../../../version.ts";
import { listRecords, privateFolder, readRecord } from "../records.ts";
import { proxyFiles, sandboxFiles } from "../sandbox_files.ts";
import type { ProxyStatus } from "./client.ts";
import { type DialParts, parentProxy, resolveName } from "./dial.ts";
import { watchEngine } from "./engine_watch.ts";
import { sameSockets, SandboxSockets } from "./sandbox_sockets.ts";
import { ServedSandbox } from "./served_sandbox.ts";

export interface DaemonOptions {
  paths: Paths;
  env?: { get(name: string): string | undefined };
  /** Ends when for so long no sandbox has run. Default 30 s. */
  idleMs?: number;
  /** How long a sandbox that was asked for may take to start. Default 5 min. */
  startMs?: number;
  /** How long nothing is heard of an Engine before its quiet sandboxes count as gone. Default 10 min. */
  engineGoneMs?: number;
  /** Default: the system's. */
  dialParts?: DialParts;
  /** Called with each line of the proxy's own log. */
  onLog?: (line: string) => void;
}

/** Nobody tells whether the sandboxes of an Engine elsewhere run: such a one counts as gone after a quiet day. */
const untoldMs = 24 * 60 * 60 * 1000;
/** Records of containers that never came to be are deleted after a day. */
const forgottenMs = 24 * 60 * 60 * 1000;

interface Served {
  sockets: SandboxSockets;
  /** What its Engine said last. */
  running: boolean;
  /** Until then it counts as running: it is being created. */
  startsBefore: number;
}

let bundle: Promise<string | undefined> | undefined;

/** Read when the first credential is added, and kept. */
async function systemCertificates(): Promise<string[]> {
  const text = await (bundle ??= systemBundle());
  return text === undefined ? [] : [text];
}

/** Starts it; resolves when it serves. Throws "conflict" when one runs already. */
export async function startProxyDaemon(options: DaemonOptions): Promise<ProxyDaemon> {
  const files = proxyFiles(options.paths);
  await privateFolder(files.folder);
  await Deno.mkdir(files.state, { recursive: true, mode: 0o700 });
  using lock = await Deno.open(files.startLock, { create: true, write: true });
  await lock.lock(true);
  if (await socketIsLive(files.control)) {
    throw new SkiffError("conflict", "A sandbox proxy is running already", { details: { running: true } });
  }
  await Deno.remove(files.control).catch(() => {});
  const daemon = new ProxyDaemon(options);
  await daemon.open();
  return daemon;
}

export class ProxyDaemon {
  readonly closed: Promise<void>;
  readonly #options: DaemonOptions;
  readonly #dialParts: DialParts;
  readonly #ended = Promise.withResolvers<void>();
  readonly #ending = new AbortController();
  readonly #served = new Map<string, Served>();
  /** Sockets of Engines that are watched, with since when nothing is heard of them; undefined: they answer. */
  readonly #engines = new Map<string, number | undefined>();
  #control!: Deno.HttpServer;
  #controlIdentity = "";
  #idleTimer?: ReturnType<typeof setTimeout>;

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.closed = this.#ended.promise;
    this.#dialParts = options.dialParts ??
      {
        resolve: resolveName,
        parent: parentProxy(options.env ?? Deno.env),
        certificates: systemCertificates,
      };
  }

  /** Serves what an earlier proxy served, then takes orders. */
  async open(): Promise<void> {
    const { paths } = this.#options;
    for (const record of await listRecords(paths)) {
      if (record.engineSocket) this.#watch(record.engineSocket);
      // Only where the folder is there can a container have it mounted.
      const { sockets } = sandboxFiles(paths, record.sandbox);
      if (await Deno.stat(sockets).then(() => true, () => false)) {
        await this.serve(record.sandbox, {}).catch((error) => this.#note(`${record.name}: ${error.message}`));
      }
    }
    const { control } = proxyFiles(paths);
    this.#control = Deno.serve({ transport: "unix", path: control, onListen: () => {} }, (request) => {
      return this.#order(request);
    });
    Deno.chmodSync(control, 0o600);
    this.#controlIdentity = socketIdentity(control);
    this.#note(`started (pid ${Deno.pid}, skiff ${version})`);
    this.#judgeIdleness();
  }

  status(): ProxyStatus {
    return { pid: Deno.pid, version, sandboxes: [...this.#served.keys()] };
  }

  /** Listens for the sandbox, or takes up what changed in its record. */
  async serve(id: string, secrets: Record<string, string>): Promise<void> {
    const { paths, startMs = 5 * 60_000 } = this.#options;
    const record = await readRecord(paths, id);
    if (!record) throw new SkiffError("not_found", `There is no record of the sandbox ${id}`);
    let served = this.#served.get(id);
    if (served && !sameSockets(served.sockets.sandbox.record, record)) {
      served.sockets.close();
      served = undefined;
    }
    served ??= {
      sockets: new SandboxSockets(new ServedSandbox(paths, record, this.#dialParts)),
      running: record.engineSocket === undefined, // nobody tells whether it does
      startsBefore: 0,
    };
    served.startsBefore = Date.now() + startMs;
    served.sockets.sandbox.record = record;
    for (const [name, value] of Object.entries(secrets)) served.sockets.sandbox.secrets.set(name, value);
    this.#served.set(id, served);
    if (record.engineSocket) this.#watch(record.engineSocket);
    this.#judgeIdleness();
  }

  /** Closes the sandbox's sockets. */
  forget(id: string): void {
    this.#served.get(id)?.sockets.close();
    this.#served.delete(id);
    this.#judgeIdleness();
  }

  async #order(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const id = /^\/sandboxes\/([A-Za-z0-9_-]+)$/.exec(pathname)?.[1];
    const policy = /^\/sandboxes\/([A-Za-z0-9_-]+)\/policy$/.exec(pathname)?.[1];
    try {
      if (request.method === "GET" && pathname === "/status") return Response.json(this.status());
      if (request.method === "PUT" && id) {
        const { secrets } = await request.json();
        await this.serve(id, secrets ?? {});
        return new Response();
      }
      if (request.method === "POST" && policy) {
        await this.#served.get(policy)?.sockets.sandbox.applyPolicy();
        return new Response();
      }
      if (request.method === "DELETE" && id) {
        this.forget(id);
        return new Response();
      }
      if (request.method === "POST" && pathname === "/stop") {
        queueMicrotask(() => this.close());
        return new Response();
      }
      return new Response("no such order", { status: 404 });
    } catch (error) {
      return new Response(error instanceof Error ? error.message : String(error), { status: 500 });
    }
  }

  #watch(socket: string): void {
    if (this.#engines.has(socket)) return;
    this.#engines.set(socket, undefined);
    const own = (id: string) => this.#served.get(id);
    watchEngine(socket, {
      known: (states) => {
        this.#engines.set(socket, undefined);
        return this.#reconcile(socket, states).then(
          () => this.#note(`the Engine at ${socket} answers`),
          (error) => this.#note(`${socket}: ${error.message}`),
        );
      },
      started: (id) => {
        const served = own(id);
        if (served) served.running = true;
        else this.#takeUp(id);
        this.#judgeIdleness();
      },
      stopped: (id) => {
        const served = own(id);
        if (served) [served.running, served.startsBefore] = [false, 0];
        this.#judgeIdleness();
      },
      removed: (id) => this.#clean(id),
      lost: () => {
        if (this.#engines.get(socket) !== undefined) return; // and tried again
        this.#engines.set(socket, Date.now());
        this.#note(`the Engine at ${socket} cannot be reached`);
        this.#judgeIdleness();
      },
    }, this.#ending.signal);
  }

  /** One that something else than skiff has started; those of other homes are none of ours. */
  async #takeUp(id: string): Promise<void> {
    try {
      if (await readRecord(this.#options.paths, id)) await this.#serveRunning(id);
    } catch (error) {
      this.#note(`${id}: ${error instanceof Error ? error.message : error}`);
    }
  }

  async #serveRunning(id: string): Promise<void> {
    await this.serve(id, {});
    const served = this.#served.get(id);
    if (served) served.running = true;
    this.#judgeIdleness();
  }

  /** Compares the records with the containers that there are. */
  async #reconcile(socket: string, states: Map<string, boolean>): Promise<void> {
    for (const record of await listRecords(this.#options.paths)) {
      if (record.engineSocket !== socket) continue;
      const id = record.sandbox;
      const state = states.get(id);
      const served = this.#served.get(id);
      if (served) {
        if (served.running && !state) served.startsBefore = 0; // it ran, and stopped while nothing was heard
        served.running = state === true;
      } else if (state) await this.#serveRunning(id).catch((error) => this.#note(`${id}: ${error.message}`));
      if (state === undefined && Date.now() - Date.parse(record.created) > forgottenMs) this.#clean(id);
    }
    this.#judgeIdleness();
  }

  /** Deletes what a removed container leaves. */
  #clean(id: string): void {
    this.forget(id);
    const { sockets, state } = sandboxFiles(this.#options.paths, id);
    for (const folder of [sockets, state]) Deno.remove(folder, { recursive: true }).catch(() => {});
  }

  /** Ends it when nothing needs it, and for so long nothing has; to be called when that may have changed. */
  #judgeIdleness(): void {
    clearTimeout(this.#idleTimer);
    if (this.#ending.signal.aborted) return;
    const left = this.#neededFor();
    if (left === Infinity) return;
    this.#idleTimer = setTimeout(() => {
      // Who has connected meanwhile has told nobody.
      if (this.#neededFor() > 0) this.#judgeIdleness();
      else this.close();
    }, Math.max(this.#options.idleMs ?? 30_000, left));
  }

  /** Milliseconds for which a sandbox may yet need it, as far as is known now. */
  #neededFor(): number {
    return Math.max(0, ...[...this.#served.values()].map((served) => this.#needs(served)));
  }

  /**
   * Containers may outlive their Engine, which may come back: what it said last holds for a while, and as long as
   * somebody is connected.
   */
  #needs({ running, startsBefore, sockets }: Served): number {
    if (!running) return startsBefore - Date.now();
    const { engineSocket } = sockets.sandbox.record;
    const goneSince = engineSocket === undefined ? 0 : this.#engines.get(engineSocket);
    if (goneSince === undefined) return Infinity;
    const quietMs = engineSocket === undefined ? untoldMs : this.#options.engineGoneMs ?? 10 * 60_000;
    const now = Date.now();
    return Math.max(goneSince, sockets.quietSince ?? now) + quietMs - now;
  }

  #note(line: string): void {
    this.#options.onLog?.(`${new Date().toISOString()} ${line}`);
  }

  /** Ends it: every socket is removed, what is under way is cut. */
  async close(): Promise<void> {
    if (this.#ending.signal.aborted) return await this.closed;
    this.#ending.abort();
    clearTimeout(this.#idleTimer);
    for (const { sockets } of this.#served.values()) sockets.close();
    this.#served.clear();
    removeOwnSocket(proxyFiles(this.#options.paths).control, this.#controlIdentity);
    await this.#control.shutdown();
    this.#note("ended");
    this.#ended.resolve();
  }
}

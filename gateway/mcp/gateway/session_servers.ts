/** The servers that run for one session. */
import type { EnabledServer } from "../configuration/enabled_server.ts";
import { noTimeout, passThrough } from "../servers/connect_client.ts";
import type { OpenServerOptions, ServerConnection } from "../servers/server.ts";
import type { Gateway } from "./gateway.ts";
import { serverFingerprint, ServerSlot, type UseOptions } from "./server_slot.ts";
import type { Session } from "./session.ts";
import { measuredServer } from "./telemetry.ts";
import { upcallsTo } from "./upstream_messages.ts";

export class SessionServers {
  readonly #session: Session;
  readonly #gateway: Gateway;
  readonly #slots = new Map<string, { slot: ServerSlot; fingerprint: string }>();
  /** Of servers that are configured otherwise by now; they end when they have answered. */
  readonly #retiring = new Set<ServerSlot>();
  readonly #listing = new Map<ServerConnection, { again: boolean; end: Promise<void> }>();

  constructor(session: Session, gateway: Gateway) {
    this.#session = session;
    this.#gateway = gateway;
  }

  /** Runs `work` on the server's connection, started when there is none. */
  async use<T>(
    server: EnabledServer,
    options: UseOptions,
    work: (connection: ServerConnection) => Promise<T>,
  ): Promise<T> {
    return await this.#slot(server).use(work, options);
  }

  /** The connections that run now. */
  connections(): ServerConnection[] {
    return [...this.#slots.values()].flatMap(({ slot }) => slot.connection ?? []);
  }

  /** Whether it is one of them, as it is configured here. */
  has(server: EnabledServer): boolean {
    return this.#slots.get(server.entry.name)?.fingerprint === serverFingerprint(server);
  }

  /** When every server whose lists are being asked for anew has answered. */
  async relisted(): Promise<void> {
    await Promise.all([...this.#listing.values()].map(({ end }) => end));
  }

  subscriptions(server: EnabledServer): Set<string> {
    return this.#slot(server).subscriptions;
  }

  /**
   * Ends servers that are not in the session any more, and those that are configured otherwise: these as soon as they
   * have answered what they were asked, which is not waited for.
   */
  async settle(servers: EnabledServer[]): Promise<void> {
    const wanted = new Map(servers.map((server) => [server.entry.name, serverFingerprint(server)]));
    const removed = this.#names().filter((name) => !wanted.has(name));
    const changed = [...this.#slots].filter(([name, { fingerprint }]) =>
      wanted.has(name) && wanted.get(name) !== fingerprint
    );
    await Promise.all([
      ...removed.map((name) => this.end(name)),
      ...changed.map(async ([name, { slot }]) => {
        this.#slots.delete(name);
        const retired = this.#retire(slot);
        if (!slot.isAsked) await retired;
      }),
    ]);
  }

  async end(name: string): Promise<void> {
    const found = this.#slots.get(name);
    this.#slots.delete(name);
    const retiring = [...this.#retiring].filter(({ server }) => server.entry.name === name);
    await Promise.all([found?.slot, ...retiring].map((slot) => slot?.end()));
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#names().map((name) => this.end(name)));
  }

  #names(): string[] {
    return [
      ...new Set([...this.#slots.keys(), ...[...this.#retiring].map(({ server }) => server.entry.name)]),
    ];
  }

  async #retire(slot: ServerSlot): Promise<void> {
    this.#retiring.add(slot);
    await slot.retire().finally(() => this.#retiring.delete(slot));
  }

  /** A server says that a list has changed: it is asked again, and once more for all such words meanwhile. */
  #relist(connection: ServerConnection): void {
    const running = this.#listing.get(connection);
    if (running) {
      running.again = true;
      return;
    }
    const state = { again: true, end: Promise.resolve() };
    this.#listing.set(connection, state);
    const relist = async () => {
      while (state.again) {
        state.again = false;
        await this.#session.inventories.relearn(connection).catch(() => {}); // the connection's end is told by the slot
      }
      this.#listing.delete(connection);
    };
    state.end = relist();
  }

  #slot(server: EnabledServer): ServerSlot {
    const { name } = server.entry;
    const fingerprint = serverFingerprint(server);
    const found = this.#slots.get(name);
    if (found?.fingerprint === fingerprint) return found.slot;
    if (found) this.#retire(found.slot);
    const { longLived, idleMs } = this.#gateway.options;
    const slot = new ServerSlot(server, {
      budget: this.#gateway.budget,
      idleMs: longLived || server.entry.longLived ? Infinity : idleMs,
      open: (server, slot, signal) => this.#open(server, slot, signal),
      onEnd: (server, reason) => this.#ended(server, slot, reason),
    });
    this.#slots.set(name, { slot, fingerprint });
    return slot;
  }

  async #open(server: EnabledServer, slot: ServerSlot, signal: AbortSignal): Promise<ServerConnection> {
    const session = this.#session;
    const { guard } = this.#gateway;
    let connection: ServerConnection | undefined = undefined;
    const upcalls = upcallsTo({
      server: session.servesTo,
      related: () => slot.related,
      progress: (params) =>
        void connection?.client.notification({ method: "notifications/progress", params } as never).catch(
          () => {},
        ),
      listChanged: () => connection && this.#relist(connection),
    });
    const { open, telemetry } = this.#gateway.options;
    const opening = (options: OpenServerOptions) =>
      measuredServer(telemetry, "start", server, () => open(server, options));
    connection = await opening({
      capabilities: session.capabilities,
      clientInfo: session.client,
      upcalls: {
        async request(request, signal) {
          await guard.upcall(server, request);
          return await upcalls.request(request, signal);
        },
        notification: (notification) => upcalls.notification(guard.notification(server, notification)),
      },
      log: (line) => this.#gateway.serverLog(server.entry.name, line),
      tell: (line) => this.#gateway.log(server.entry.name, line),
      signal,
    });
    this.#restore(connection, slot);
    // What is known may be from another day.
    if (session.inventories.known(server)) this.#relist(connection);
    return connection;
  }

  /** The client's level and subscriptions hold for every start of a server. */
  #restore({ client }: ServerConnection, slot: ServerSlot): void {
    const requests: { method: string; params: Record<string, unknown> }[] = [];
    const { level } = this.#session;
    if (level && client.getServerCapabilities()?.logging) {
      requests.push({ method: "logging/setLevel", params: { level } });
    }
    for (const uri of slot.subscriptions) requests.push({ method: "resources/subscribe", params: { uri } });
    const options = { signal: this.#session.signal, timeout: noTimeout };
    for (const request of requests) client.request(request, passThrough, options).catch(() => {});
  }

  #ended(server: EnabledServer, slot: ServerSlot, reason: string): void {
    this.#gateway.log(server.entry.name, reason);
    if (slot.subscriptions.size === 0 || this.#session.signal.aborted) return;
    // The client waits for news from it.
    slot.use(() => Promise.resolve(), { signal: this.#session.signal }).catch((error) =>
      this.#gateway.log(server.entry.name, `can't start again: ${error.message}`)
    );
  }
}

/** What the servers of one session offer: asked of each when it is needed, and again when it says so. */
import type { EnabledServer } from "../configuration/enabled_server.ts";
import { abortable } from "../abortable.ts";
import type { ClientCapabilities } from "../sdk.ts";
import { LoginRequired } from "../oauth/login_required.ts";
import { passedCapabilities } from "../servers/connect_client.ts";
import type { ServerConnection } from "../servers/server.ts";
import type { Gateway } from "./gateway.ts";
import type { Inventory } from "./inventory.ts";
import { inventoryKey } from "./inventory_store.ts";
import { listInventory } from "./list_inventory.ts";
import type { Session } from "./session.ts";
import { measuredServer } from "./telemetry.ts";
import { withHint } from "./way_error.ts";

export class SessionInventories {
  readonly #session: Session;
  readonly #gateway: Gateway;
  /** When servers failed to start, by name: they are not tried again at once. */
  readonly #failed = new Map<string, number>();
  #keys?: { capabilities: ClientCapabilities; of: WeakMap<EnabledServer, string> };

  constructor(session: Session, gateway: Gateway) {
    this.#session = session;
    this.#gateway = gateway;
  }

  /** Under which the store has what a server offers to this session's client. */
  key(server: EnabledServer): string {
    const { capabilities } = this.#session;
    if (this.#keys?.capabilities !== capabilities) this.#keys = { capabilities, of: new WeakMap() };
    let key = this.#keys.of.get(server);
    if (key === undefined) {
      key = inventoryKey(server, passedCapabilities(capabilities));
      this.#keys.of.set(server, key);
    }
    return key;
  }

  /** As far as it is known. */
  known(server: EnabledServer): Inventory | undefined {
    return this.#gateway.store.known(this.key(server));
  }

  /**
   * Has every server say what it offers, within the deadline for lists. `anew`: waits for what is being asked
   * again, too; for one who wants something that is not listed, which a server may have added just now.
   */
  async gather({ anew = false }: { anew?: boolean } = {}): Promise<void> {
    const { signal } = this.#session;
    const { listMs, retryMs } = this.#gateway.options;
    const deadline = AbortSignal.any([AbortSignal.timeout(listMs), signal]);
    await Promise.all(
      this.#session.servers().map(async (server) => {
        if (await this.#gateway.store.find(this.key(server))) return this.#loginSettled(server);
        const failed = this.#failed.get(server.entry.name);
        if (failed !== undefined && performance.now() - failed < retryMs) return;
        await abortable(this.learn(server), deadline).catch((error) => {
          if (error === deadline.reason && !signal.aborted) {
            this.#gateway.log(server.entry.name, "has not said yet what it offers; its tools come later");
          }
        });
      }),
    );
    if (anew) await abortable(this.#session.running.relisted(), deadline).catch(() => {}); // it is as it is known
  }

  /** Starts the server if need be and asks it, unless another session is at it. */
  async learn(server: EnabledServer): Promise<Inventory> {
    try {
      const inventory = await this.#gateway.store.learn(this.key(server), {
        ask: () => this.#ask(server),
        isGivenUp: () => this.#isGivenUp(server),
      });
      this.#loginSettled(server);
      return inventory;
    } catch (error) {
      if (error instanceof LoginRequired) {
        this.#gateway.options.logins?.wanted(this.#session, server.entry.name, error);
      }
      throw error;
    }
  }

  async #ask(server: EnabledServer): Promise<Inventory> {
    const { running, signal } = this.#session;
    try {
      const options = { signal, isLearning: true };
      return await running.use(server, options, (connection) => this.relearn(connection));
    } catch (error) {
      if (!this.#isGivenUp(server)) {
        this.#failed.set(server.entry.name, performance.now());
        this.#gateway.log(server.entry.name, `can't start: ${withHint(error as Error)}`);
      }
      throw error;
    }
  }

  /** It was this session that ended the server, or the session itself has ended. */
  #isGivenUp(server: EnabledServer): boolean {
    return this.#session.signal.aborted || !this.#session.running.has(server);
  }

  #loginSettled({ entry }: EnabledServer): void {
    this.#gateway.options.logins?.settled(this.#session, entry.name);
  }

  /** Asks a connection for its lists anew and tells all sessions that see the server. */
  async relearn(connection: ServerConnection): Promise<Inventory> {
    const { server, client } = connection;
    const { signal, telemetry } = this.#session;
    const log = (line: string) => this.#gateway.log(server.entry.name, line);
    const { guard } = this.#gateway;
    const said = await measuredServer(
      telemetry,
      "list",
      server,
      () => listInventory(client, { signal, log }),
    );
    const inventory = guard.inventory(server, said);
    const key = this.key(server);
    this.#failed.delete(server.entry.name);
    for (const text of guard.listed(server, inventory)) this.#gateway.tell(server, text);
    if (this.#gateway.store.keep(key, inventory)) this.#gateway.inventoryChanged(key);
    return inventory;
  }

  /** A server that failed may be tried again; without a name each one. */
  forgetFailure(name?: string): void {
    if (name === undefined) this.#failed.clear();
    else this.#failed.delete(name);
  }
}

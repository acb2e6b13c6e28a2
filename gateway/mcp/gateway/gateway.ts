/** The gateway: its configuration, its sessions, and what they share. */
import type { EnabledServer } from "../configuration/enabled_server.ts";
import type { OpenServerOptions, ServerConnection } from "../servers/server.ts";
import { Server, type Transport } from "../sdk.ts";
import { noValidation } from "../servers/connect_client.ts";
import { version } from "../../../core/version.ts";
import { ConnectionBudget } from "./connection_budget.ts";
import { allGuards, type Guard } from "./guard.ts";
import type { GatewayExtension } from "./gateway_session.ts";
import { InventoryStore } from "./inventory_store.ts";
import type { LoginDesk } from "../oauth/login_desk.ts";
import type { CallMiddleware } from "./middleware.ts";
import { answerDirectly } from "./answer_directly.ts";
import { handleRequest, handlesMethod } from "./requests.ts";
import { Session } from "./session.ts";
import { clientAttributes } from "./telemetry.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

export interface GatewayOptions {
  /** Starts a server (open_server.ts). */
  open(server: EnabledServer, options: OpenServerOptions): Promise<ServerConnection>;
  /** The outermost first. */
  middlewares: CallMiddleware[];
  /** Around everything beside tool calls. */
  guards: Guard[];
  /** tools/list and prompts/list show what the guards refuse, too, marked with `refusedMark`. */
  listRefused: boolean;
  extensions: GatewayExtension[];
  /** Where sessions log in; absent: they can't. */
  logins?: LoginDesk;
  /** For people; with the server that it is about. */
  log(server: string | undefined, line: string): void;
  /** What servers write to stderr, and faults of their protocol. */
  serverLog(server: string, line: string): void;
  /** Whether a tool, by its server's name for it, is on. */
  isOn(server: EnabledServer, tool: string): boolean;
  /** Servers' names before all tools' names (feature `tool-name-prefix`). */
  prefixNames: boolean;
  /** A name that another server has is left out instead of prefixed. */
  strictNames: boolean;
  /** Keep every server until its session ends. */
  longLived: boolean;
  /** Milliseconds that an unused server stays warm. */
  idleMs: number;
  /** Milliseconds that a list waits for servers that have not said yet what they offer. */
  listMs: number;
  /** Milliseconds that the answer to a change waits for the client to fetch its new tools. */
  catchUpMs: number;
  /** Milliseconds until a list starts a server again that failed. */
  retryMs: number;
  /** Servers that run at once, over all sessions. */
  mostServers: number;
  /** Where lists are kept for the next gateway; absent: nowhere. */
  cacheFolder?: string;
  name: string;
  /** Where spans and numbers go; absent: nowhere. */
  telemetry?: Telemetry;
}

export const defaultOptions = {
  prefixNames: false,
  strictNames: false,
  longLived: false,
  idleMs: 5 * 60_000,
  listMs: 20_000,
  catchUpMs: 500,
  retryMs: 30_000,
  mostServers: 64,
  name: "skiff MCP gateway",
  middlewares: [],
  guards: [],
  listRefused: false,
  extensions: [],
  isOn: isToolOn,
} satisfies Partial<GatewayOptions>;

/** As the configuration says: all, or the listed ones, in any case of letters. */
export function isToolOn({ tools }: EnabledServer, tool: string): boolean {
  return !tools || tools.some((name) => name.toLowerCase() === tool.toLowerCase());
}

export class Gateway {
  readonly options: GatewayOptions;
  readonly budget: ConnectionBudget;
  readonly store: InventoryStore;
  readonly guard: Required<Guard>;
  readonly #sessions = new Set<Session>();
  #servers: EnabledServer[];
  #closed = false;

  constructor(servers: EnabledServer[], options: GatewayOptions) {
    this.#servers = servers;
    this.options = options;
    this.guard = allGuards(options.guards);
    this.budget = new ConnectionBudget(options.mostServers);
    this.store = new InventoryStore(options.cacheFolder);
  }

  get servers(): readonly EnabledServer[] {
    return this.#servers;
  }

  get sessions(): ReadonlySet<Session> {
    return this.#sessions;
  }

  /** False when it is ending. */
  get healthy(): boolean {
    return !this.#closed;
  }

  /**
   * A session for the client at the other end of a transport. It answers `initialize` at once; servers are
   * started when something is asked of them. Ends with the transport.
   */
  async openSession(transport: Transport, id: string = crypto.randomUUID()): Promise<Session> {
    const server = new Server({ name: this.options.name, version }, {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        logging: {},
        completions: {},
        tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } },
      },
      jsonSchemaValidator: noValidation,
    });
    server.removeRequestHandler("logging/setLevel"); // it is for the servers, too
    const session = new Session(this, server, id);
    server.fallbackRequestHandler = (request, extra) =>
      handleRequest(session, request, extra as never) as never;
    server.fallbackNotificationHandler = (notification) => {
      if (notification.method === "notifications/roots/list_changed") session.rootsChanged();
      return Promise.resolve();
    };
    let isAttached = false;
    const attach = () => {
      if (isAttached) return;
      isAttached = true;
      this.options.telemetry?.count("mcp.initialize", clientAttributes(session));
      for (const extension of this.options.extensions) extension.attach(session);
    };
    server.oninitialized = attach;
    server.onclose = () => void this.#drop(session);
    const onerror = (error: Error) => this.options.serverLog("client", error.message.slice(0, 300));
    server.onerror = onerror;
    this.#sessions.add(session);
    await server.connect(transport);
    answerDirectly(transport, {
      handles: handlesMethod,
      handle: async (request, extra) => {
        if (!isAttached) { // not every client says `initialized`; `initialize` may have come in the same write
          await new Promise((resolve) => setTimeout(resolve));
          if (server.getClientVersion()) attach();
        }
        return await handleRequest(session, request, extra);
      },
      onerror,
    });
    return session;
  }

  /** Takes a new configuration: ends servers that are gone or differ, and tells clients what has changed. */
  async configure(servers: EnabledServer[]): Promise<void> {
    this.#servers = servers;
    await Promise.all([...this.#sessions].map((session) => session.reconfigured()));
  }

  inventoryChanged(key: string): void {
    for (const session of this.#sessions) {
      if (session.servers().some((server) => session.inventories.key(server) === key)) session.changed();
    }
  }

  /** People hear of it, and the clients that see the server. */
  tell(server: EnabledServer, text: string): void {
    this.log(undefined, text);
    for (const session of this.#sessions) {
      if (session.servers().some(({ entry }) => entry.name === server.entry.name)) session.tell(text);
    }
  }

  log(server: string | undefined, line: string): void {
    this.options.log(server, line);
  }

  serverLog(server: string, line: string): void {
    this.options.serverLog(server, line);
  }

  /** Ends all sessions and their servers. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#sessions].map((session) => session.servesTo.close().catch(() => {})));
    await Promise.all([...this.#sessions].map((session) => this.#drop(session)));
    await this.store.written();
    await this.guard.written();
  }

  async #drop(session: Session): Promise<void> {
    await session.close();
    this.#sessions.delete(session);
  }
}

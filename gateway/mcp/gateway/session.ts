/** One client's session: what it sees, its servers, and where each of its requests goes. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import {
  type CallToolResult,
  type ClientCapabilities,
  type ElicitRequestFormParams,
  type ElicitRequestURLParams,
  type ElicitResult,
  ErrorCode,
  type Implementation,
  McpError,
  type RequestId,
  type Server,
} from "../sdk.ts";
import { LoginRequired } from "../oauth/login_required.ts";
import { noTimeout, passThrough } from "../servers/connect_client.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { abortable } from "../abortable.ts";
import { ClientLists, type ListContent, type ListName } from "./client_lists.ts";
import type { Gateway } from "./gateway.ts";
import type { GatewaySession, OwnPrompt, OwnTool, SessionTool } from "./gateway_session.ts";
import type { Inventory } from "./inventory.ts";
import { compose, type ToolCall } from "./middleware.ts";
import { makeNameBooks, type NameBooks } from "./name_books.ts";
import { NamedInResults } from "./named_in_results.ts";
import { SessionInventories } from "./session_inventories.ts";
import { SessionServers } from "./session_servers.ts";
import { measuredList } from "./telemetry.ts";
import { makeView, type View, type ViewServer } from "./view.ts";
import { wayError } from "./way_error.ts";

/** Until the client has said. */
const unknownCapabilities: ClientCapabilities = {};

/** Within one request: one to get in, one that may do more. */
const mostLogins = 2;

/** For servers to answer that a level is set. */
const levelMs = 5000;

interface AskOptions {
  signal: AbortSignal;
  /** The client's, for what the server asks back meanwhile. */
  requestId?: RequestId;
  onprogress?: (made: Record<string, unknown>) => Promise<void>;
}

type AddOptions = NonNullable<Parameters<GatewaySession["addServer"]>[1]>;

export class Session implements GatewaySession {
  readonly id: string;
  readonly servesTo: Server;
  readonly #gateway: Gateway;
  readonly #end = new AbortController();
  readonly running: SessionServers;
  readonly inventories: SessionInventories;
  readonly #added = new Map<string, { server: EnabledServer; listed: boolean }>();
  readonly #removed = new Set<string>();
  /** Servers that are being added: they run already. */
  readonly #adding = new Map<string, EnabledServer>();
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #ownTools = new Map<string, OwnTool>();
  readonly #ownPrompts = new Map<string, OwnPrompt>();
  readonly #names: NameBooks;
  readonly #lists: ClientLists;
  readonly #namedInResults = new NamedInResults();
  #view?: { view: View; version: number; guards: number };
  #named = false;
  #closing?: Promise<void>;
  #level?: string;
  /** Names of its servers when the configuration was last read. */
  #known: Set<string>;
  readonly #call: (call: ToolCall) => Promise<CallToolResult>;

  constructor(gateway: Gateway, servesTo: Server, id: string) {
    this.id = id;
    this.#gateway = gateway;
    this.servesTo = servesTo;
    this.#names = makeNameBooks(gateway.options);
    this.#known = new Set(gateway.servers.map(({ entry }) => entry.name));
    this.#lists = new ClientLists(this, gateway.options);
    this.running = new SessionServers(this, gateway);
    this.inventories = new SessionInventories(this, gateway);
    this.#call = compose(gateway.options.middlewares, (call) => this.#callServer(call));
  }

  get client(): Implementation {
    return this.servesTo.getClientVersion() ?? { name: "unknown", version: "" };
  }

  get capabilities(): ClientCapabilities {
    return this.servesTo.getClientCapabilities() ?? unknownCapabilities;
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  get telemetry(): Telemetry | undefined {
    return this.#gateway.options.telemetry;
  }

  /** The level that the client has set. */
  get level(): string | undefined {
    return this.#level;
  }

  servers(): EnabledServer[] {
    const base = this.#gateway.servers.filter(({ entry }) =>
      !this.#removed.has(entry.name) && !this.#added.has(entry.name)
    );
    return [...base, ...[...this.#added.values()].map(({ server }) => server)];
  }

  tools(): SessionTool[] {
    return [...this.view().tools.values()].filter(({ refused }) => refused === undefined)
      .map(({ definition, server, tool, listed }) => ({ definition, server, tool, listed }));
  }

  async allTools(): Promise<SessionTool[]> {
    await this.gathered();
    return this.tools();
  }

  addServer(server: EnabledServer, options: AddOptions = {}): Promise<Inventory> {
    return this.#inTurn(server.entry.name, () => this.#addServer(server, options));
  }

  removeServer(name: string): Promise<boolean> {
    return this.#inTurn(name, () => this.#removeServer(name));
  }

  /** Changes of a server take turns: models ask for several at once, and one would end what another is starting. */
  #inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const mine = (this.#turns.get(name) ?? Promise.resolve()).then(work);
    this.#turns.set(name, mine.catch(() => {}));
    return mine;
  }

  async #addServer(
    server: EnabledServer,
    { listed = true, signal = this.signal }: AddOptions,
  ): Promise<Inventory> {
    signal.throwIfAborted();
    const { name } = server.entry;
    await this.running.end(name);
    this.#adding.set(name, server);
    const inventory = await abortable(this.inventories.learn(server), signal).catch(async (error) => {
      await this.running.end(name);
      if (error instanceof SkiffError || signal.aborted) throw error;
      throw new SkiffError("unavailable", `The server ${name} cannot be used: ${error.message}`, {
        cause: error,
      });
    }).finally(() => this.#adding.delete(name));
    this.#removed.delete(name);
    this.inventories.forgetFailure(name);
    this.#added.set(name, { server, listed });
    this.changed();
    return inventory;
  }

  async #removeServer(name: string): Promise<boolean> {
    if (!this.servers().some(({ entry }) => entry.name === name)) return false;
    this.#added.delete(name);
    this.#removed.add(name);
    this.#names.forget(name);
    this.changed();
    await this.running.end(name);
    return true;
  }

  addOwn({ tools = [], prompts = [] }: { tools?: OwnTool[]; prompts?: OwnPrompt[] }): void {
    for (const tool of tools) this.#ownTools.set(tool.definition.name, tool);
    for (const prompt of prompts) this.#ownPrompts.set(prompt.definition.name, prompt);
    this.changed();
  }

  removeOwn({ tools = [], prompts = [] }: { tools?: string[]; prompts?: string[] }): void {
    for (const name of tools) this.#ownTools.delete(name);
    for (const name of prompts) this.#ownPrompts.delete(name);
    this.changed();
  }

  async callTool(
    name: string,
    args: Record<string, unknown>,
    { signal = this.signal, meta }: { signal?: AbortSignal; meta?: Record<string, unknown> } = {},
  ): Promise<CallToolResult> {
    return await this.call({ name, arguments: args, meta, signal });
  }

  async elicit(
    params: ElicitRequestFormParams | ElicitRequestURLParams,
    { signal = this.signal }: { signal?: AbortSignal } = {},
  ): Promise<ElicitResult> {
    if (!this.capabilities.elicitation) {
      throw new McpError(ErrorCode.MethodNotFound, "The client does not support elicitation");
    }
    const request = { method: "elicitation/create", params };
    return await this.servesTo.request(request as never, passThrough, { signal, timeout: noTimeout });
  }

  /** A tool call through all middlewares. */
  async call(asked: Omit<ToolCall, "tool" | "session" | "server" | "definition">): Promise<CallToolResult> {
    const { name } = asked;
    let route = this.view().tools.get(name);
    if (!route) {
      await this.inventories.gather({ anew: true }); // its server may be starting, or have just added it
      route = this.view().tools.get(name);
    }
    if (!route) throw new McpError(ErrorCode.InvalidParams, `There is no tool ${name}`);
    const { tool, server, definition } = route;
    return await this.#call({ ...asked, tool, server, definition, session: this });
  }

  async #callServer(call: ToolCall): Promise<CallToolResult> {
    const { server, signal, meta, origin } = call;
    if (!server) {
      const own = this.#ownTools.get(call.tool);
      if (!own) throw new McpError(ErrorCode.InvalidParams, `There is no tool ${call.name}`);
      return await own.call(call.arguments, { signal });
    }
    const params = {
      ...origin?.params,
      name: call.tool,
      arguments: call.arguments,
      ...(meta ? { _meta: meta } : {}),
    };
    const options = { signal, requestId: origin?.requestId, onprogress: origin?.onprogress };
    const result = await this.ask(server, { method: "tools/call", params }, options);
    this.#namedInResults.remember(server.entry.name, result);
    return result;
  }

  /** Sends a request to a server of this session, which is started when it does not run. */
  async ask(
    server: EnabledServer,
    request: { method: string; params?: Record<string, unknown> },
    { signal, requestId, onprogress }: AskOptions,
  ): Promise<any> {
    const { guard } = this.#gateway;
    const isGuarded = request.method !== "tools/call"; // that one has its middlewares
    if (isGuarded) await guard.request(server, request);
    const onguarded = onprogress &&
      ((made: Record<string, unknown>) => onprogress(guard.notification(server, made)));
    const answered = await this.#request(server, request, { signal, requestId, onprogress: onguarded })
      .catch((error) => {
        throw guard.error(server, wayError(server, error));
      });
    if (isGuarded) await guard.answer(server, request, answered);
    return answered;
  }

  /** Leads through a login when the server wants one, where the client can show its user the way. */
  async #request(
    server: EnabledServer,
    request: { method: string; params?: Record<string, unknown> },
    { signal, requestId, onprogress }: AskOptions,
  ): Promise<any> {
    for (let logins = 0, now = server;; logins++) {
      try {
        return await this.running.use(
          now,
          { signal, requestId },
          ({ client }) =>
            client.request(request, passThrough, {
              signal,
              timeout: noTimeout,
              ...(onprogress ? { onprogress } : {}),
            }),
        );
      } catch (error) {
        if (!(error instanceof LoginRequired) || logins === mostLogins) throw error;
        if (!await this.#gateway.options.logins?.ask(this, error, signal)) throw error;
        // Another login is another configuration of the same server.
        now = this.#serverNamed(server.entry.name) ?? server;
      }
    }
  }

  /** All that is known by now. */
  view(): View {
    const { store, options, guard } = this.#gateway;
    const guards = guard.version();
    if (this.#view?.version === store.version && this.#view.guards === guards) return this.#view.view;
    const servers: ViewServer[] = [];
    for (const server of this.servers()) {
      const inventory = this.inventories.known(server);
      const { listed } = this.#added.get(server.entry.name) ?? { listed: true };
      if (inventory) servers.push({ server, inventory, listed });
    }
    // Names are for good once they were given; until then a quick server must not take a slow one's.
    const names = this.#named ? this.#names : makeNameBooks({ ...options, log() {} });
    const view = makeView({
      servers,
      ownTools: [...this.#ownTools.values()],
      ownPrompts: [...this.#ownPrompts.values()],
      toolNames: names.tools,
      promptNames: names.prompts,
      prefixAll: options.prefixNames,
      isOn: options.isOn,
      refusal: guard.refusal,
      warn: names.warn,
    });
    this.#view = { view, version: store.version, guards };
    return view;
  }

  /** Something that the client sees may have changed; it is told of the lists that did. */
  changed(): void {
    this.#view = undefined;
    this.#lists.announce();
  }

  async caughtUp(): Promise<void> {
    await this.#lists.caughtUp(this.#gateway.options.catchUpMs);
  }

  /** A list for the client, after all that its servers say in time. It hears of changes from now on. */
  async list<K extends ListName>(list: K): Promise<ListContent<K>> {
    return await measuredList(
      this.telemetry,
      list,
      this,
      async () => this.#lists.give(list, await this.gathered()),
    );
  }

  /** What there is when every server has said it (`anew`: again), has failed, or the deadline for lists is over. */
  async gathered(options?: { anew: boolean }): Promise<View> {
    await this.inventories.gather(options);
    if (!this.#named) {
      this.#named = true;
      this.#view = undefined;
    }
    return this.view();
  }

  /** The client is told of no lesser messages, by servers that can hold to it. */
  async setLevel(level: string): Promise<void> {
    this.#level = level;
    const able = this.running.connections().filter(({ client }) => client.getServerCapabilities()?.logging);
    const request = { method: "logging/setLevel", params: { level } };
    await Promise.all(
      able.map(({ client, server }) =>
        client.request(request, passThrough, { signal: this.signal, timeout: levelMs }).catch((error) =>
          this.#gateway.log(server.entry.name, `did not take the level of its log: ${error.message}`)
        )
      ),
    );
  }

  /** Says something of a server to the client, as a message of the log. */
  tell(data: string): void {
    const refused = ["error", "critical", "alert", "emergency"].includes(this.#level ?? "");
    if (refused || !this.servesTo.transport) return;
    const params = { level: "warning", logger: "skiff", data };
    this.servesTo.notification({ method: "notifications/message", params } as never).catch(() => {});
  }

  /** The client has other roots; servers that know of roots ask for them. */
  rootsChanged(): void {
    for (const { client } of this.running.connections()) {
      client.notification({ method: "notifications/roots/list_changed" }).catch(() => {});
    }
  }

  /** The gateway has other servers now. */
  async reconfigured(): Promise<void> {
    const servers = this.servers();
    const names = new Set(servers.map(({ entry }) => entry.name));
    const removed = [...this.#known].filter((name) => !names.has(name));
    for (const name of removed) {
      this.#names.forget(name);
      this.#gateway.options.logins?.settled(this, name);
    }
    this.#known = names;
    this.inventories.forgetFailure();
    this.#view = undefined; // it leads to the servers as they were
    await this.running.settle([...servers, ...this.#adding.values()]);
    // A server with other values may offer something else, or just the same: that is told when it is known.
    const isKnown = servers.every((server) => this.inventories.known(server));
    if (isKnown || removed.length > 0) this.changed();
    if (this.#lists.areAwaited) this.inventories.gather().then(() => this.changed(), () => {});
  }

  taskOwner(task: string): EnabledServer | undefined {
    return this.#serverNamed(this.#namedInResults.serverOfTask(task));
  }

  #serverNamed(name: string | undefined): EnabledServer | undefined {
    return this.servers().find(({ entry }) => entry.name === name);
  }

  /** Whose a URI is: by list, by a result that named it, by template. */
  ownerOf(uri: string): EnabledServer | undefined {
    const view = this.view();
    const listed = view.resources.get(uri);
    if (listed) return listed.server;
    return this.#serverNamed(this.#namedInResults.serverOfUri(uri)) ??
      [...view.templates.values()].find(({ matches }) => matches(uri))?.server;
  }

  /** Resolves when all of its servers have ended. May be called again. */
  close(): Promise<void> {
    this.#end.abort(new DOMException("The session has ended", "AbortError"));
    return this.#closing ??= this.running.closeAll();
  }
}

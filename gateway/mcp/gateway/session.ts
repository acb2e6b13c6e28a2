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
  type Prompt,
  type RequestId,
  type Server,
  type Tool,
} from "../sdk.ts";
import { LoginRequired } from "../oauth/login_required.ts";
import { noTimeout, passedCapabilities, passThrough } from "../servers/connect_client.ts";
import type { ServerConnection } from "../servers/server.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { abortable } from "./connection_budget.ts";
import type { Gateway } from "./gateway.ts";
import type { GatewaySession, OwnPrompt, OwnTool, SessionTool } from "./gateway_session.ts";
import { refusedMark } from "./guard.ts";
import type { Inventory } from "./inventory.ts";
import { inventoryKey } from "./inventory_store.ts";
import { listInventory, type ListKind } from "./list_inventory.ts";
import { compose, type ToolCall } from "./middleware.ts";
import { makeNameBooks, type NameBooks } from "./name_books.ts";
import { SessionServers } from "./session_servers.ts";
import { measuredList, measuredServer } from "./telemetry.ts";
import { makeView, type View, type ViewServer } from "./view.ts";

/** What each list of the client consists of; `all`: with what is refused, marked. */
const contents = {
  tools: (view: View, all: boolean) =>
    shown([...view.tools.values()].filter(({ listed }) => listed), all) as Tool[],
  prompts: (view: View, all: boolean) => shown([...view.prompts.values()], all) as Prompt[],
  resources: (view: View) => [...view.resources.values()].map(({ resource }) => resource),
  templates: (view: View) => [...view.templates.values()].map(({ template }) => template),
};

function shown(routes: { definition: Tool | Prompt; refused?: string }[], all: boolean): (Tool | Prompt)[] {
  return routes.flatMap(({ definition, refused }) => {
    if (refused === undefined) return [definition];
    return all ? [{ ...definition, _meta: { ...definition._meta, [refusedMark]: refused } }] : [];
  });
}

type ListName = keyof typeof contents;

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
  onprogress?: (made: Record<string, unknown>) => void;
}

export class Session implements GatewaySession {
  readonly id: string;
  readonly servesTo: Server;
  readonly #gateway: Gateway;
  readonly #end = new AbortController();
  readonly running: SessionServers;
  readonly #added = new Map<string, { server: EnabledServer; listed: boolean }>();
  readonly #removed = new Set<string>();
  /** Servers that are being added: they run already. */
  readonly #adding = new Map<string, EnabledServer>();
  readonly #ownTools = new Map<string, OwnTool>();
  readonly #ownPrompts = new Map<string, OwnPrompt>();
  readonly #failed = new Map<string, { error: string; at: number }>();
  readonly #names: NameBooks;
  /** URIs that servers named in results, beside their lists. */
  readonly #seenUris = new Map<string, string>();
  #view?: { view: View; version: number; guards: number };
  /** What the client was given, as JSON, by list. */
  readonly #given = new Map<ListName, string>();
  #named = false;
  #closing?: Promise<void>;
  #level?: string;
  #known = new Set<string>();
  readonly #tasks = new Map<string, string>();
  #announcing = false;
  #keys?: { capabilities: ClientCapabilities; of: WeakMap<EnabledServer, string> };
  readonly #call: (call: ToolCall) => Promise<CallToolResult>;

  constructor(gateway: Gateway, servesTo: Server, id: string) {
    this.id = id;
    this.#gateway = gateway;
    this.servesTo = servesTo;
    this.#names = makeNameBooks(gateway.options);
    this.running = new SessionServers(this, gateway);
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

  async addServer(
    server: EnabledServer,
    { listed = true, signal = this.signal }: { listed?: boolean; signal?: AbortSignal } = {},
  ): Promise<Inventory> {
    const { name } = server.entry;
    await this.running.end(name);
    this.#adding.set(name, server);
    const inventory = await abortable(this.#learn(server), signal).catch(async (error) => {
      await this.running.end(name);
      if (error instanceof SkiffError || signal.aborted) throw error;
      throw new SkiffError("unavailable", `The server ${name} cannot be used: ${error.message}`, {
        cause: error,
      });
    }).finally(() => this.#adding.delete(name));
    this.#removed.delete(name);
    this.#failed.delete(name);
    this.#added.set(name, { server, listed });
    this.changed();
    return inventory;
  }

  async removeServer(name: string): Promise<boolean> {
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
      await this.#gather(); // not listed yet, or its server is still starting
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
    this.#remember(server, result);
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
        throw guard.error(server, named(server, error));
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
        now = this.servers().find(({ entry }) => entry.name === server.entry.name) ?? server;
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
      const inventory = store.known(this.key(server));
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

  /** Has every server say what it offers, within the deadline for lists. */
  async #gather(): Promise<void> {
    const deadline = AbortSignal.any([AbortSignal.timeout(this.#gateway.options.listMs), this.signal]);
    await Promise.all(
      this.servers().map(async (server) => {
        if (await this.#gateway.store.find(this.key(server))) return this.#loginSettled(server);
        const failed = this.#failed.get(server.entry.name);
        if (failed && performance.now() - failed.at < this.#gateway.options.retryMs) return;
        await abortable(this.#learn(server), deadline).catch((error) => {
          if (error === deadline.reason && !this.signal.aborted) {
            this.#gateway.log(server.entry.name, "has not said yet what it offers; its tools come later");
          }
        });
      }),
    );
  }

  key(server: EnabledServer): string {
    const { capabilities } = this;
    if (this.#keys?.capabilities !== capabilities) this.#keys = { capabilities, of: new WeakMap() };
    let key = this.#keys.of.get(server);
    if (key === undefined) {
      key = inventoryKey(server, passedCapabilities(capabilities));
      this.#keys.of.set(server, key);
    }
    return key;
  }

  /** Starts the server if need be; the start itself makes the list (see `opened`). */
  async #learn(server: EnabledServer): Promise<Inventory> {
    const key = this.key(server);
    const { store } = this.#gateway;
    const learning = store.learn(key, async () => {
      try {
        return await this.running.use(
          server,
          { signal: this.signal },
          (connection) => this.relearn(connection),
        );
      } catch (error) {
        const message = (error as Error).message;
        if (!this.signal.aborted) {
          this.#failed.set(server.entry.name, { error: message, at: performance.now() });
          this.#gateway.log(server.entry.name, `can't start: ${withHint(error, message)}`);
        }
        throw error;
      }
    });
    try {
      const inventory = await learning;
      this.#loginSettled(server);
      return inventory;
    } catch (error) {
      if (error instanceof LoginRequired) {
        this.#gateway.options.logins?.wanted(this, server.entry.name, error);
      }
      throw error;
    }
  }

  #loginSettled({ entry }: EnabledServer): void {
    this.#gateway.options.logins?.settled(this, entry.name);
  }

  /** Asks a connection for its lists anew and tells all sessions that see the server. */
  async relearn(connection: ServerConnection): Promise<Inventory> {
    const { server, client } = connection;
    const log = (line: string) => this.#gateway.log(server.entry.name, line);
    const inventory = await measuredServer(
      this.telemetry,
      "list",
      server,
      () => listInventory(client, { signal: this.signal, log }),
    );
    const key = this.key(server);
    this.#failed.delete(server.entry.name);
    for (const text of this.#gateway.guard.listed(server, inventory)) this.#gateway.tell(server, text);
    if (this.#gateway.store.keep(key, inventory)) this.#gateway.inventoryChanged(key);
    return inventory;
  }

  /** A server said that a list has changed: it is asked again, once for many such words. */
  relist(connection: ServerConnection, _kind: ListKind): void {
    this.running.once(connection, () => this.relearn(connection));
  }

  /** Something that the client sees may have changed; it is told of the lists that did. */
  changed(): void {
    this.#view = undefined;
    if (this.#announcing) return;
    this.#announcing = true;
    queueMicrotask(() => {
      this.#announcing = false;
      if (this.signal.aborted || this.#given.size === 0) return;
      const view = this.view();
      const changed = new Set<string>();
      for (const [list, given] of this.#given) {
        if (given === JSON.stringify(this.#content(list, view))) continue;
        this.#given.delete(list); // told once, until it is asked for again
        changed.add(list === "templates" ? "resources" : list);
      }
      for (const list of changed) {
        this.servesTo.notification({ method: `notifications/${list}/list_changed` } as never).catch(() => {});
      }
    });
  }

  /** A list for the client, after all that its servers say in time. It hears of changes from now on. */
  async list<K extends ListName>(list: K): Promise<ReturnType<typeof contents[K]>> {
    return await measuredList(this.telemetry, list, this, async () => {
      const content = this.#content(list, await this.gathered());
      this.#given.set(list, JSON.stringify(content));
      return content;
    });
  }

  #content<K extends ListName>(list: K, view: View): ReturnType<typeof contents[K]> {
    return contents[list](view, this.#gateway.options.listRefused) as ReturnType<typeof contents[K]>;
  }

  /** What there is when every server has said it, has failed, or the deadline for lists is over. */
  async gathered(): Promise<View> {
    await this.#gather();
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
    this.#failed.clear();
    this.#view = undefined; // it leads to the servers as they were
    await this.running.settle([...servers, ...this.#adding.values()]);
    // A server with other values may offer something else, or just the same: that is told when it is known.
    const isKnown = servers.every((server) => this.#gateway.store.known(this.key(server)));
    if (isKnown || removed.length > 0) this.changed();
    if (this.#given.size > 0) this.#gather().then(() => this.changed(), () => {});
  }

  taskOwner(task: string): EnabledServer | undefined {
    const name = this.#tasks.get(task);
    return this.servers().find(({ entry }) => entry.name === name);
  }

  #remember(server: EnabledServer, result: CallToolResult): void {
    const task = (result?.task as { taskId?: unknown } | undefined)?.taskId;
    if (typeof task === "string") this.#tasks.set(task, server.entry.name);
    for (const item of Array.isArray(result?.content) ? result.content : []) {
      const uri = item?.type === "resource_link"
        ? item.uri
        : item?.type === "resource"
        ? item.resource?.uri
        : undefined;
      if (typeof uri === "string") this.#seenUris.set(uri, server.entry.name);
    }
    if (this.#seenUris.size > 10_000) this.#seenUris.delete(this.#seenUris.keys().next().value!);
  }

  /** Whose a URI is: by list, by a result that named it, by template. */
  ownerOf(uri: string): EnabledServer | undefined {
    const view = this.view();
    const listed = view.resources.get(uri);
    if (listed) return listed.server;
    const seen = this.#seenUris.get(uri);
    const byResult = seen && this.servers().find(({ entry }) => entry.name === seen);
    if (byResult) return byResult;
    return [...view.templates.values()].find(({ matches }) => matches(uri))?.server;
  }

  /** What servers failed of, by name. */
  failures(): Map<string, string> {
    return new Map([...this.#failed].map(([name, { error }]) => [name, error]));
  }

  /** Resolves when all of its servers have ended. May be called again. */
  close(): Promise<void> {
    this.#end.abort(new DOMException("The session has ended", "AbortError"));
    return this.#closing ??= this.running.closeAll();
  }
}

/** With what to do, when it is something for the user. */
function withHint(error: unknown, message: string): string {
  return error instanceof LoginRequired ? `${message}. ${error.hint}` : message;
}

/** An error of the way to a server says which server it is; a server's own error stays as it is. */
function named({ entry }: EnabledServer, error: unknown): unknown {
  if (error instanceof McpError && error.code !== Number(ErrorCode.ConnectionClosed)) return error;
  if (error instanceof DOMException && error.name === "AbortError") return error;
  const message = error instanceof McpError ? "it ended before it answered" : (error as Error).message;
  return new McpError(
    ErrorCode.InternalError,
    `The server ${entry.name} cannot be used: ${withHint(error, message)}`,
  );
}

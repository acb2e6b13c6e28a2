/**
 * Logging in from within a session: a client that can show its user a link gets it when a server refuses; for
 * any other client there is a tool that gives the link, listed while a server waits for a login.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { abortable } from "../abortable.ts";
import type { GatewaySession, OwnTool } from "../gateway/gateway_session.ts";
import type { CallToolResult, Server } from "../sdk.ts";
import type { PendingAuthorization } from "./authorization.ts";
import { authorizeCommand, type LoginRequired } from "./login_required.ts";
import type { OAuthParts } from "./oauth_parts.ts";

export const authorizeToolName = "mcp-authorize";

/** A session, with the server object that faces its client. */
export type LoginSession = GatewaySession & { servesTo?: Server };

export interface LoginDeskOptions {
  parts: OAuthParts;
  /** Somebody has logged in. */
  loggedIn(app: string): Promise<void>;
  log(line: string): void;
}

export class LoginDesk {
  readonly #options: LoginDeskOptions;
  /** Logins that somebody is at, by app and scopes: all sessions that want one share it. */
  readonly #pending = new Map<string, Promise<PendingAuthorization>>();
  readonly #waiting = new WeakMap<GatewaySession, Map<string, LoginRequired>>();
  readonly #end = new AbortController();

  constructor(options: LoginDeskOptions) {
    this.#options = options;
  }

  /** A server of the session cannot be listed without a login: the session has a tool for that from now on. */
  wanted(session: GatewaySession, server: string, error: LoginRequired): void {
    const waiting = this.#waiting.get(session) ?? new Map<string, LoginRequired>();
    this.#waiting.set(session, waiting.set(server, error));
    this.#show(session, waiting);
  }

  /** It has been listed, or it is gone. */
  settled(session: GatewaySession, server: string): void {
    const waiting = this.#waiting.get(session);
    if (waiting?.delete(server)) this.#show(session, waiting);
  }

  /** Shows the client's user a link and waits for the login. False when the client cannot do that or the user will not. */
  async ask(session: LoginSession, error: LoginRequired, signal: AbortSignal): Promise<boolean> {
    if (!this.#canShow(session)) return false;
    const pending = await this.#begin(error);
    const elicitationId = crypto.randomUUID();
    const answered = session.elicit({
      mode: "url",
      message: `${error.message}. Open the page to log in.`,
      elicitationId,
      url: pending.url,
    }, { signal });
    const done = pending.done.then(() => true);
    // Who has logged in need not answer any more.
    const willing = answered.then(({ action }) => action === "accept" ? done : false);
    if (!await abortable(Promise.race([willing, done]), signal)) return false;
    const complete = { method: "notifications/elicitation/complete", params: { elicitationId } };
    await session.servesTo?.notification(complete as never).catch(() => {});
    return true;
  }

  /** What a model tells its user when the client shows no links. */
  async invitation(error: LoginRequired): Promise<string> {
    const command = `Or the user runs: ${authorizeCommand(error.app, error.challenge)}`;
    if (this.#isUnreachable()) return `${error.message}. ${command.replace(/^Or the/, "The")}`;
    const { url } = await this.#begin(error);
    return `${error.message}. Give the user this link to log in; it is good for 5 minutes:\n\n${url}\n\n` +
      `Its tools can be used as soon as that is done. ${command}`;
  }

  /** Ends logins that somebody is at. */
  close(): void {
    this.#end.abort(new SkiffError("interrupted", "The gateway has ended"));
  }

  #canShow({ capabilities }: GatewaySession): boolean {
    return capabilities.elicitation?.url !== undefined && !this.#isUnreachable();
  }

  /** Loopback of a container is not that of the browser. */
  #isUnreachable(): boolean {
    return this.#options.parts.env.get("DOCKER_MCP_IN_CONTAINER") === "1";
  }

  #begin({ app, challenge }: LoginRequired): Promise<PendingAuthorization> {
    const key = JSON.stringify([app.name, challenge.scope]);
    const running = this.#pending.get(key);
    if (running) return running;
    const { parts, loggedIn, log } = this.#options;
    const begin = async () => {
      const { beginAuthorization } = await import("./authorization.ts");
      // A login that ended by itself has none: the server is asked.
      const asked = Object.keys(challenge).length > 0 ? challenge : undefined;
      const begun = await beginAuthorization(app, parts, { challenge: asked, signal: this.#end.signal });
      const done = begun.done.then(async (login) => {
        await loggedIn(app.name);
        log(`> Logged in to ${app.title}`);
        return login;
      });
      done.catch((error) => this.#end.signal.aborted || log(`! No login to ${app.title}: ${error.message}`))
        .finally(() => this.#pending.delete(key));
      return { ...begun, done };
    };
    const begun = begin();
    begun.catch(() => this.#pending.delete(key));
    this.#pending.set(key, begun);
    return begun;
  }

  #show(session: GatewaySession, waiting: Map<string, LoginRequired>): void {
    if (waiting.size === 0) session.removeOwn({ tools: [authorizeToolName] });
    else session.addOwn({ tools: [this.#tool(session, waiting)] });
  }

  #tool(session: LoginSession, waiting: Map<string, LoginRequired>): OwnTool {
    const names = [...waiting.keys()].sort();
    return {
      definition: {
        name: authorizeToolName,
        description: `Log the user in to a server whose tools are missing until then: ${names.join(", ")}.`,
        inputSchema: {
          type: "object",
          properties: { name: { type: "string", enum: names, description: "Name of the server" } },
          required: ["name"],
        },
        annotations: { title: "Log in to an MCP server" },
      },
      call: async ({ name }, { signal }) => {
        const error = waiting.get(String(name));
        if (!error) return answer(`Error: ${name} does not wait for a login.`, true);
        try {
          if (await this.ask(session, error, signal)) return answer(`The user has logged in to ${name}.`);
          if (this.#canShow(session)) return answer("Error: The user did not log in.", true);
          return answer(await this.invitation(error));
        } catch (failure) {
          signal.throwIfAborted();
          const { message, hint = "" } = failure as SkiffError;
          return answer(`Error: ${message}. ${hint}`.trim(), true);
        }
      },
    };
  }
}

function answer(text: string, isError = false): CallToolResult {
  return { content: [{ type: "text", text }], ...(isError ? { isError } : {}) };
}

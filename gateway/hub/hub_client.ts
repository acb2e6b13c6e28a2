/**
 * Docker Hub's HTTP API: log-in with a personal access token, requests, and what the Hub says about its rate
 * limits. Contract: docs.docker.com/reference/api/hub.
 */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { bodyText, request } from "../../core/http/request.ts";
import { rateLimitNote, rateLimitText } from "./rate_limit.ts";

export interface HubAddresses {
  /** Default https://hub.docker.com */
  hub?: string;
  /** Default https://api.scout.docker.com */
  scout?: string;
}

export interface HubLogin {
  username?: string;
  /** A personal access token. */
  token?: string;
}

export interface HubAnswer {
  status: number;
  /** Parsed JSON; undefined for an empty body, the text itself when it is no JSON. */
  body: any;
  authenticated: boolean;
  /** What to tell of a limit that is nearly used up. */
  limitNote?: string;
}

export interface HubRequest {
  method?: "GET" | "HEAD" | "POST" | "PATCH";
  /** A path below the Hub's address, or a whole URL of the Hub or of Scout. */
  url: string;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  signal?: AbortSignal;
}

export const hubAddress = "https://hub.docker.com";
export const scoutAddress = "https://api.scout.docker.com";

/** The Hub as one user, or as nobody. */
export class HubClient {
  readonly hub: string;
  readonly scout: string;
  readonly username?: string;
  readonly #pat?: string;
  #session?: Promise<{ token: string; expires: number }>;

  /** Throws "usage" for addresses that would send the token in the clear. */
  constructor(addresses: HubAddresses = {}, login: HubLogin = {}) {
    this.hub = checkedAddress(addresses.hub || hubAddress);
    this.scout = checkedAddress(addresses.scout || scoutAddress);
    if (login.username && login.token) {
      this.username = login.username;
      this.#pat = login.token;
    }
  }

  get authenticated(): boolean {
    return this.#pat !== undefined;
  }

  /** The answer when its status says success or is one of `allow`; throws `SkiffError` for others. */
  async send(asked: HubRequest, allow: number[] = []): Promise<HubAnswer> {
    const { response, result } = await this.#attempt(asked);
    if (allow.includes(response.status)) return result;
    if (!response.ok) throw hubError(response, result.body, this.authenticated);
    if (typeof result.body !== "string") return result;
    throw noJson(this.#url(asked), response.status);
  }

  async #attempt(asked: HubRequest): Promise<{ response: Response; result: HubAnswer }> {
    for (let attempt = 0;; attempt++) {
      const token = await this.#token();
      const response = await this.#fetch(asked, token);
      const url = response.url || this.#url(asked);
      const text = await bodyText(response, url, asked.signal);
      if (response.status === 401 && token !== undefined && attempt === 0) {
        this.#session = undefined; // ended early, by the Hub
        continue;
      }
      const limitNote = rateLimitNote(response.headers, this.authenticated);
      const result = {
        status: response.status,
        body: parsed(text),
        authenticated: token !== undefined,
        limitNote,
      };
      return { response, result };
    }
  }

  #url({ url, query = {} }: HubRequest): URL {
    const target = new URL(/^https?:/.test(url) ? url : `${this.hub}${url}`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) target.searchParams.set(name, String(value));
    }
    return target;
  }

  #fetch(asked: HubRequest, token: string | undefined): Promise<Response> {
    const { method = "GET", body, signal } = asked;
    const headers: Record<string, string> = { accept: "application/json", "user-agent": "skiff-mcp-hub" };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    return request(this.#url(asked), {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      timeoutMs: 30_000,
      // A write whose answer got lost may have been done.
      retryDelaysMs: method === "GET" || method === "HEAD" ? undefined : [],
    });
  }

  async #token(): Promise<string | undefined> {
    if (this.#pat === undefined) return undefined;
    for (;;) {
      const isNew = this.#session === undefined;
      const session = this.#session ??= this.#login();
      try {
        const { token, expires } = await session;
        if (isNew || expires > Date.now()) return token;
      } catch (error) {
        if (this.#session === session) this.#session = undefined;
        throw error;
      }
      if (this.#session === session) this.#session = undefined; // it ran out
    }
  }

  /** Of all calls that wait for it, so no single one cancels it. */
  async #login(): Promise<{ token: string; expires: number }> {
    const asked: HubRequest = {
      method: "POST",
      url: "/v2/users/login",
      body: { username: this.username, password: this.#pat },
    };
    const response = await this.#fetch(asked, undefined);
    const body = parsed(await bodyText(response, this.#url(asked)));
    if ([400, 401, 403].includes(response.status)) {
      throw new SkiffError("unauthorized", `Docker Hub refuses the log-in of ${this.username}`, {
        hint: "Check --username and the personal access token in HUB_PAT_TOKEN.",
        details: { status: response.status },
      });
    }
    if (!response.ok) throw hubError(response, body, false);
    if (typeof body?.token !== "string") throw noJson(this.#url(asked), response.status);
    const { exp } = claimsOf(body.token);
    return {
      token: body.token,
      // Half a minute early; one whose end is unknown serves five minutes.
      expires: typeof exp === "number" ? exp * 1000 - 30_000 : Date.now() + 5 * 60_000,
    };
  }
}

function checkedAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const loopback = url && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (!url || !(url.protocol === "https:" || (url.protocol === "http:" && loopback))) {
    throw new SkiffError("usage", `"${text}" is no address for Docker Hub`, {
      hint: "Give an https:// address; http:// only reaches this machine, since the token travels with it.",
    });
  }
  return text.replace(/\/+$/, "");
}

function parsed(text: string): any {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function claimsOf(token: string): Record<string, any> {
  try {
    const part = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(part), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return {};
  }
}

/** What a tool says that needs a user. */
export function loginNeeded(): SkiffError {
  return new SkiffError("unauthorized", "This needs a log-in to Docker Hub", {
    hint: "Start the server with --username=<name> and a personal access token in HUB_PAT_TOKEN.",
  });
}

function noJson({ host, pathname }: URL, status: number): SkiffError {
  return new SkiffError("corrupt", `${host} answers ${status} to ${pathname} with what is not Docker Hub's`, {
    hint: "Something in between may have answered in its place: a proxy, or a page to log in.",
  });
}

function rateLimited(headers: Headers, authenticated: boolean): SkiffError {
  return new SkiffError("overloaded", rateLimitText(headers), {
    hint: authenticated
      ? "Wait until then before the next request."
      : "Wait until then, or log in for a higher limit (--username and HUB_PAT_TOKEN).",
  });
}

function hubError(response: Response, body: unknown, authenticated: boolean): SkiffError {
  const { status } = response;
  if (status === 429) return rateLimited(response.headers, authenticated);
  const said = messageOf(body);
  const message = `Docker Hub answers ${status}${said ? `: ${said}` : ""}`;
  if (status === 401 || status === 403) {
    const hint = authenticated
      ? "The user or the token has no right to this."
      : "It may be private: log in with --username and HUB_PAT_TOKEN.";
    return new SkiffError(status === 401 ? "unauthorized" : "forbidden", message, { hint });
  }
  if (status === 404) return new SkiffError("not_found", message, { hint: "Check the names." });
  if (status === 409) return new SkiffError("conflict", message);
  return new SkiffError(status < 500 ? "invalid_input" : "network", message);
}

/** The Hub's words in an error body: `message`, `detail`, `errinfo` or `{field: [text]}`. */
function messageOf(body: any): string {
  if (typeof body !== "object" || body === null) return "";
  for (const field of ["message", "detail", "error", "errinfo"]) {
    if (typeof body[field] === "string") return body[field];
  }
  return JSON.stringify(body).slice(0, 500);
}

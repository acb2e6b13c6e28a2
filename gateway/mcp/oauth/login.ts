/**
 * Logins as they are kept: one secret each, under `tokenName(app)`. A secret of that name that is no record of
 * skiff is the token itself, given with `skiff mcp secret set`.
 */
import { createHash } from "node:crypto";

export interface Login {
  /** Another one for every login; a refresh keeps it. */
  id: string;
  access_token: string;
  refresh_token?: string;
  /** Milliseconds since 1970. */
  expires_at?: number;
  /** What was granted. */
  scope?: string;
  /** What was asked for. */
  requested_scope?: string;
  /** The MCP server that it is for, and for no other one; absent: a token for the provider's API. */
  server?: string;
  /** The `resource` that the authorization server was told. */
  resource?: string;
  /** Its issuer. */
  authorization_server?: string;
  token_endpoint?: string;
  revocation_endpoint?: string;
  token_endpoint_auth_methods_supported?: string[];
  client_id?: string;
}

/** The name of the secret that keeps the token of an OAuth provider. */
export function tokenName(provider: string): string {
  return `oauth/${provider}`;
}

/** A token is taken for expired this long before it is: it still has to travel. */
export const expiryMarginMs = 10_000;

/** What a secret holds. */
export function parseLogin(text: string): Login {
  const value = text.trimStart().startsWith("{") ? asObject(text) : undefined;
  if (value && typeof value.access_token === "string" && typeof value.id === "string") {
    return value as unknown as Login;
  }
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
  return { id: `given-${digest}`, access_token: text.trim() };
}

function asObject(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isExpired({ expires_at }: Login, marginMs = 0): boolean {
  return expires_at !== undefined && expires_at - marginMs <= Date.now();
}

export function isRefreshable({ refresh_token, token_endpoint }: Login): boolean {
  return refresh_token !== undefined && token_endpoint !== undefined;
}

/** Whether it lets anybody in, now or after a refresh. */
export function isUsable(login: Login): boolean {
  return !isExpired(login) || isRefreshable(login);
}

/**
 * Whether a token may be sent to a remote server: one that was issued for another server, or for a provider's
 * API, stays at home; one that was given by hand is for whoever is called so.
 */
export function isMeantFor({ server, authorization_server }: Login, url: string): boolean {
  if (server === undefined) return authorization_server === undefined;
  const [meant, to] = [new URL(server), new URL(url)];
  meant.hash = to.hash = "";
  return meant.href === to.href;
}

/** The scopes of a text, each once. */
export function scopesOf(text: string | undefined): string[] {
  return [...new Set((text ?? "").split(" ").filter((scope) => scope !== ""))];
}

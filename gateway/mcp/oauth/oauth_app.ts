/** What logins are kept for: a remote server, or a provider whose token servers get as a secret. */
import { type ServerEntry, serverType } from "../catalog/server_entry.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import { isMeantFor, type Login, parseLogin, tokenName } from "./login.ts";
import { isOfOAuth, type OAuthClient } from "./oauth_client.ts";

export interface OAuthApp {
  /** Under which its login is kept: a remote server's name, or a provider's for servers that are not remote. */
  name: string;
  /**
   * Of a remote server: the name of its provider. Several servers may have it, and a token is for one of them. A
   * login that was kept under it before is still read there, and a client or a token may be given for all of them.
   */
  provider?: string;
  /** What a person calls it in commands. */
  title: string;
  /** Of a remote server. */
  url?: string;
  /** Headers that its server wants in any case. */
  headers?: Record<string, string>;
  /** A secret that is as good as a login, when there is none. */
  secret?: string;
  /** Scopes of the catalog's entry. */
  scopes?: string[];
  /** What the user's configuration says of the client (`<server>.oauth`). */
  client?: Partial<OAuthClient>;
}

/** Where something of an app may be kept, its own place first. */
export function placesOf({ name, provider }: Pick<OAuthApp, "name" | "provider">): string[] {
  return provider === undefined || provider === name ? [name] : [name, provider];
}

/** The login of a remote server, by the names of `placesOf`; those that are for other servers are passed over. */
export async function loginAmong(
  places: string[],
  url: string,
  read: (secret: string) => Promise<string | undefined>,
): Promise<{ place: string; login: Login } | undefined> {
  for (const place of places) {
    const text = await read(tokenName(place));
    const login = text === undefined ? undefined : parseLogin(text);
    if (login && isMeantFor(login, url)) return { place, login };
  }
  return undefined;
}

/** Which login a remote server has: its id, no secret. Absent: none. */
export function loginOfServer({ entry, secrets }: EnabledServer): string | undefined {
  return remoteUrl(entry) === undefined ? undefined : secrets.get(tokenName(entry.name));
}

export function remoteApp(
  entry: ServerEntry,
  config: Record<string, unknown>,
  { url = remoteUrl(entry), headers }: { url?: string; headers?: Record<string, string> } = {},
): OAuthApp {
  const client = config.oauth;
  return {
    name: entry.name,
    provider: providerOf(entry),
    title: entry.name,
    url,
    headers,
    secret: plainSecret(entry.oauth?.providers?.[0]?.secret),
    scopes: entry.oauth?.scopes,
    client: client && typeof client === "object" ? client as Partial<OAuthClient> : undefined,
  };
}

const plainSecret = (name: string | undefined) => name === undefined || isOfOAuth(name) ? undefined : name;

/** The provider that a remote server names. */
export function providerOf({ oauth }: ServerEntry): string | undefined {
  return oauth?.providers?.[0]?.provider;
}

/** Where a remote server is; undefined for any other. */
export function remoteUrl(entry: ServerEntry): string | undefined {
  return serverType(entry) === "remote" ? entry.remote?.url ?? entry.sseEndpoint : undefined;
}

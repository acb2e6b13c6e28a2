/** What logins are kept for: a remote server, or a provider whose token servers get as a secret. */
import { type ServerEntry, serverType } from "../catalog/server_entry.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import { tokenName } from "./login.ts";
import type { OAuthClient } from "./oauth_client.ts";

export interface OAuthApp {
  /** Under which its login is kept: the provider's name, else the server's. */
  name: string;
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

/** The name under which a remote server's login is kept. */
export function loginName({ name, oauth }: ServerEntry): string {
  return oauth?.providers?.[0]?.provider ?? name;
}

/** Which login a remote server has: its id, no secret. Absent: none. */
export function loginOfServer({ entry, secrets }: EnabledServer): string | undefined {
  return remoteUrl(entry) === undefined ? undefined : secrets.get(tokenName(loginName(entry)));
}

export function remoteApp(
  entry: ServerEntry,
  config: Record<string, unknown>,
  { url = remoteUrl(entry), headers }: { url?: string; headers?: Record<string, string> } = {},
): OAuthApp {
  const client = config.oauth;
  return {
    name: loginName(entry),
    title: entry.name,
    url,
    headers,
    secret: entry.oauth?.providers?.[0]?.secret,
    scopes: entry.oauth?.scopes,
    client: client && typeof client === "object" ? client as Partial<OAuthClient> : undefined,
  };
}

/** Where a remote server is; undefined for any other. */
export function remoteUrl(entry: ServerEntry): string | undefined {
  return serverType(entry) === "remote" ? entry.remote?.url ?? entry.sseEndpoint : undefined;
}

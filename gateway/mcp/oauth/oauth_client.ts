/** What skiff is to an authorization server: given by the user, or registered. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { tokenName } from "./login.ts";

export interface OAuthClient {
  client_id: string;
  client_secret?: string;
  token_endpoint_auth_method?: string;
  /** The only one that it is presented to. Given: always for a client of a provider that has no MCP server. */
  authorization_server?: string;
  /** On loopback; where the provider knows one exactly. Default: 127.0.0.1, any port, /callback. */
  redirect_uri?: string;
  scope?: string;
  /** `authorization_code` unless given: a person logs in. The others need nobody. */
  grant_type?: GrantType;
  /** For private_key_jwt: PKCS #8 as PEM, and its algorithm (ES256). */
  private_key?: string;
  private_key_algorithm?: string;
  /** For the jwt-bearer grant: where an identity is exchanged for an assertion. */
  identity_provider?: { token_endpoint: string; client_id: string; id_token: string };
}

export type GrantType =
  | "authorization_code"
  | "client_credentials"
  | "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** Whether a client gets its tokens by itself. */
export function isUnattended(client: OAuthClient | undefined): client is OAuthClient {
  return client?.grant_type === "client_credentials" ||
    client?.grant_type === "urn:ietf:params:oauth:grant-type:jwt-bearer";
}

export interface RegisteredClient extends OAuthClient {
  authorization_server: string;
  redirect_uri: string;
  /** It was not registered but given: kept is only where it was used first. */
  given?: boolean;
  /** Seconds since 1970; 0: never. */
  client_secret_expires_at?: number;
}

/** The name of the secret with which a user gives a client: JSON, or the client id alone. */
export function givenClientName(app: string): string {
  return `oauth-client/${app}`;
}

/** The name of the secret that keeps what an authorization server registered. */
export function registeredClientName(app: string): string {
  return `oauth-dcr/${app}`;
}

/**
 * Whether a secret of this name is a login or a client: a server is not given one as a plain secret, whatever its
 * catalog's entry declares.
 */
export function isOfOAuth(secret: string): boolean {
  return [tokenName, givenClientName, registeredClientName].some((nameOf) => secret.startsWith(nameOf("")));
}

/** Undefined for what is no record of skiff: a client is registered anew then. */
export function parseRegisteredClient(text: string): RegisteredClient | undefined {
  try {
    const value = JSON.parse(text);
    return typeof value?.client_id === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Throws "invalid_input" with the name of the secret, never with what is in it. */
export function parseGivenClient(text: string, name: string): Partial<OAuthClient> {
  if (!text.trimStart().startsWith("{")) return { client_id: text.trim() };
  try {
    return JSON.parse(text);
  } catch {
    throw new SkiffError("invalid_input", `The secret ${name} is no JSON`, {
      hint: `It is like {"client_id": "…", "client_secret": "…"}, or the client id alone.`,
    });
  }
}

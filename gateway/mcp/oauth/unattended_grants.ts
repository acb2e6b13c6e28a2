/** Tokens that need no person: client_credentials, and an identity provider's assertion (jwt-bearer). */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { createPrivateKeyJwtAuth, fetchToken, type OAuthClientProvider } from "../sdk_oauth.ts";
import type { Challenge } from "./challenge.ts";
import { discover, type Discovery } from "./discovery.ts";
import { assertIssuer, bindIssuer } from "./given_client.ts";
import { issued } from "./issued_token.ts";
import type { Login } from "./login.ts";
import type { OAuthApp } from "./oauth_app.ts";
import type { OAuthClient } from "./oauth_client.ts";
import { type Fetch, oauthFetch } from "./oauth_fetch.ts";
import type { OAuthParts } from "./oauth_parts.ts";
import { oauthProblem, refusable } from "./oauth_problem.ts";

const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** A token for a remote server. Throws what `discover` throws, and "unauthorized" when it is refused. */
export async function obtainLogin(
  app: OAuthApp,
  client: OAuthClient,
  challenge: Challenge,
  parts: OAuthParts,
): Promise<Login> {
  const fetch = oauthFetch(parts.guard);
  const tokenFetch = refusable(fetch);
  const discovery = await discover(app.url!, {
    fetch,
    challenge,
    issuer: client.authorization_server,
    insecure: parts.guard.insecure,
    interactive: false,
  });
  const { issuer, metadata } = discovery;
  await assertIssuer(app, client, issuer, parts);
  const resource = discovery.resource ?? app.url;
  const scope = client.scope ?? challenge.scope ?? discovery.scopes?.join(" ");
  const parameters: Record<string, string> = client.grant_type === jwtBearer
    ? { grant_type: jwtBearer, assertion: await assertion(client, discovery, tokenFetch) }
    : { grant_type: "client_credentials", ...(scope ? { scope } : {}) };
  const provider = unattendedProvider(client, new URLSearchParams(parameters));
  const tokens = await fetchToken(provider, issuer, { metadata, resource, fetchFn: tokenFetch }).catch(
    (error) => {
      throw oauthProblem(error, `${issuer} gives no token for ${app.title}`);
    },
  );
  await bindIssuer(app, client, { issuer }, parts);
  return {
    id: crypto.randomUUID(),
    ...issued(tokens, issuer),
    refresh_token: undefined, // it is asked again in the same way
    scope: tokens.scope ?? scope,
    requested_scope: scope,
    server: app.url,
    resource,
    authorization_server: issuer,
    client_id: client.client_id,
  };
}

/** RFC 8693: the identity provider turns an ID token into an assertion for the authorization server. */
async function assertion(
  client: OAuthClient,
  { issuer, resource }: Discovery,
  fetch: Fetch,
): Promise<string> {
  const provider = client.identity_provider;
  if (!provider?.token_endpoint || !provider.id_token) {
    throw new SkiffError("invalid_input", "The client has no identity_provider", {
      hint: "Give it token_endpoint, client_id and id_token.",
    });
  }
  const parameters = new URLSearchParams({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    requested_token_type: "urn:ietf:params:oauth:token-type:id-jag",
    audience: issuer,
    ...(resource ? { resource } : {}),
    subject_token: provider.id_token,
    subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
    client_id: provider.client_id,
  });
  const what = `${new URL(provider.token_endpoint).origin} gives no assertion`;
  const asked = fetch(provider.token_endpoint, { method: "POST", body: parameters });
  const response = await asked.catch((error) => {
    throw oauthProblem(error, what);
  });
  const { access_token } = await response.json().catch(() => ({}));
  if (typeof access_token !== "string") throw new SkiffError("corrupt", `${what}: its answer cannot be read`);
  return access_token;
}

/** As much of a provider as the SDK's request for a token asks of it. */
function unattendedProvider(client: OAuthClient, parameters: URLSearchParams): OAuthClientProvider {
  const { client_id, client_secret, private_key, private_key_algorithm = "ES256" } = client;
  return {
    redirectUrl: undefined,
    clientMetadata: { redirect_uris: [] },
    clientInformation: () => ({ client_id, client_secret }),
    prepareTokenRequest: () => parameters,
    addClientAuthentication: private_key === undefined ? undefined : createPrivateKeyJwtAuth({
      issuer: client_id,
      subject: client_id,
      privateKey: private_key,
      alg: private_key_algorithm,
    }),
    tokens: () => undefined,
    saveTokens() {},
    redirectToAuthorization() {},
    saveCodeVerifier() {},
    codeVerifier: () => "",
  };
}

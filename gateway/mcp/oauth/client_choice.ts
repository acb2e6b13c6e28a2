/** Which client skiff is: given by the user > by a metadata document > registered > somebody has to say. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { programName } from "../../../core/process/called_as.ts";
import { version } from "../../../core/version.ts";
import { type OAuthClientMetadata, registerClient } from "../sdk_oauth.ts";
import type { Discovery } from "./discovery.ts";
import { assertIssuer, givenClient } from "./given_client.ts";
import { isSameIssuer } from "./issuer.ts";
import type { OAuthApp } from "./oauth_app.ts";
import { givenClientName, type OAuthClient, type RegisteredClient } from "./oauth_client.ts";
import type { Fetch } from "./oauth_fetch.ts";
import type { OAuthParts } from "./oauth_parts.ts";
import { oauthProblem, refusable } from "./oauth_problem.ts";

/** The address of a client metadata document that the user (or the company) hosts. */
const documentVariable = "SKIFF_OAUTH_CLIENT_METADATA_URL";

/** A client for a login through the browser. Throws "unsupported" when there is none and none can be registered. */
export async function chooseClient(
  app: OAuthApp,
  { discovery, given, redirectUri, scope, parts, fetch }: {
    discovery: Discovery;
    given?: OAuthClient;
    redirectUri: string;
    scope?: string;
    parts: OAuthParts;
    fetch: Fetch;
  },
): Promise<OAuthClient> {
  const { metadata, issuer } = discovery;
  if (given) {
    await assertIssuer(app, given, issuer, parts);
    return given;
  }
  const document = parts.env.get(documentVariable);
  const takesDocuments = metadata?.client_id_metadata_document_supported === true;
  if (document && takesDocuments) return { client_id: checkDocument(document), authorization_server: issuer };
  const registered = await parts.vault.registeredClients(app);
  const good = registered.find((client) => isStillGood(client, issuer, redirectUri));
  if (good) return good;
  if (metadata && !metadata.registration_endpoint) {
    throw noClient(app, `${issuer} does not let clients register themselves`);
  }
  if (!await parts.mayRegister()) throw noClient(app, "the feature mcp-oauth-dcr is off");
  return await register(app, { discovery, redirectUri, scope, parts, fetch });
}

/** The client of a login by its id, with its secret if it has one. */
export async function clientOf(app: OAuthApp, clientId: string, parts: OAuthParts): Promise<OAuthClient> {
  const known = [
    await givenClient(app, parts).catch(() => undefined),
    ...await parts.vault.registeredClients(app),
  ];
  return known.find((client) => client?.client_id === clientId) ?? { client_id: clientId };
}

function checkDocument(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" && url.pathname !== "/") return text;
  throw new SkiffError("invalid_input", `${documentVariable} is no https URL with a path`);
}

function isStillGood(client: RegisteredClient, issuer: string, redirectUri: string): boolean {
  const end = client.client_secret_expires_at ?? 0;
  return !client.given && isSameIssuer(client.authorization_server, issuer) &&
    client.redirect_uri === redirectUri &&
    (end === 0 || end * 1000 > Date.now());
}

function noClient(app: OAuthApp, reason: string): SkiffError {
  return new SkiffError("unsupported", `There is no OAuth client for ${app.title}: ${reason}`, {
    hint: `Register one with the provider (redirect URI http://127.0.0.1/callback) and give it: ` +
      `\`${programName()} mcp secret set ${givenClientName(app.name)}\`, as ` +
      `{"client_id": "…", "client_secret": "…"}.`,
  });
}

async function register(
  app: OAuthApp,
  { discovery: { metadata, issuer }, redirectUri, scope, parts, fetch }: {
    discovery: Discovery;
    redirectUri: string;
    scope?: string;
    parts: OAuthParts;
    fetch: Fetch;
  },
): Promise<RegisteredClient> {
  const methods = metadata?.token_endpoint_auth_methods_supported ?? ["none"];
  const method = ["none", "client_secret_basic", "client_secret_post"].find((one) => methods.includes(one));
  const clientMetadata: OAuthClientMetadata & { application_type: string } = {
    client_name: "skiff MCP gateway",
    application_type: "native",
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: method ?? "none",
    software_id: "skiff",
    software_version: version,
  };
  const made = await registerClient(issuer, { metadata, clientMetadata, scope, fetchFn: refusable(fetch) })
    .catch(
      (error) => {
        throw oauthProblem(error, `${issuer} does not register skiff as a client`, {
          hint: `Register one with the provider and give it: \`${programName()} mcp secret set ${
            givenClientName(app.name)
          }\`.`,
        });
      },
    );
  const client: RegisteredClient = {
    client_id: made.client_id,
    client_secret: made.client_secret,
    client_secret_expires_at: made.client_secret_expires_at,
    token_endpoint_auth_method: made.token_endpoint_auth_method,
    authorization_server: issuer,
    redirect_uri: redirectUri,
  };
  await parts.vault.keepRegisteredClient(app.name, client);
  return client;
}

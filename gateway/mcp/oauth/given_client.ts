/** The client that a user has registered and given. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { programName } from "../../../core/process/called_as.ts";
import { isSameIssuer } from "./issuer.ts";
import type { OAuthApp } from "./oauth_app.ts";
import { givenClientName, type OAuthClient } from "./oauth_client.ts";
import type { OAuthParts } from "./oauth_parts.ts";
import { outsideText } from "./outside_text.ts";

/** What the user has given, by configuration and by secret. */
export async function givenClient(app: OAuthApp, { vault }: OAuthParts): Promise<OAuthClient | undefined> {
  const client = { ...app.client, ...(await vault.givenClient(app))?.client };
  if (Object.keys(client).length === 0) return undefined;
  if (typeof client.client_id === "string" && client.client_id !== "") return client as OAuthClient;
  throw new SkiffError("invalid_input", `The OAuth client of ${app.title} has no client_id`, {
    hint: `Set it: \`${programName()} mcp secret set ${givenClientName(app.name)}\`.`,
  });
}

/**
 * A given client that does not say which authorization server it is for belongs to the one of its first login:
 * its secret must not go wherever a server points to later. Throws "forbidden".
 */
export async function assertIssuer(
  app: OAuthApp,
  given: OAuthClient,
  issuer: string,
  { vault }: OAuthParts,
): Promise<void> {
  const used = await vault.registeredClient(await bindingPlace(app, vault));
  if (!used?.given || used.client_id !== given.client_id || given.authorization_server !== undefined) return;
  if (isSameIssuer(used.authorization_server, issuer)) return;
  throw new SkiffError(
    "forbidden",
    `${app.title} wants tokens of ${
      outsideText(issuer)
    }, and its client was used with ${used.authorization_server}`,
    {
      hint:
        `If that is right, give a client for it with its \`authorization_server\`: \`${programName()} mcp secret set ${
          givenClientName(app.name)
        }\`.`,
    },
  );
}

/** Keeps where a given client was used. */
export async function bindIssuer(
  app: OAuthApp,
  { client_id }: OAuthClient,
  { issuer, redirectUri = "" }: { issuer: string; redirectUri?: string },
  { vault }: OAuthParts,
): Promise<void> {
  const record = { client_id, authorization_server: issuer, redirect_uri: redirectUri, given: true };
  await vault.keepRegisteredClient(await bindingPlace(app, vault), record);
}

/** A client that is given for a provider is bound once for all of the provider's servers. */
async function bindingPlace(app: OAuthApp, vault: OAuthParts["vault"]): Promise<string> {
  return (await vault.givenClient(app))?.place ?? app.name;
}

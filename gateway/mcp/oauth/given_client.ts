/** The client that a user has registered and given. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { programName } from "../../../core/process/called_as.ts";
import type { OAuthApp } from "./oauth_app.ts";
import { givenClientName, type OAuthClient } from "./oauth_client.ts";
import type { OAuthParts } from "./oauth_parts.ts";

/** What the user has given, by configuration and by secret. */
export async function givenClient(app: OAuthApp, { vault }: OAuthParts): Promise<OAuthClient | undefined> {
  const client = { ...app.client, ...await vault.givenClient(app.name) };
  if (Object.keys(client).length === 0) return undefined;
  if (typeof client.client_id === "string" && client.client_id !== "") return client as OAuthClient;
  throw new SkiffError("invalid_input", `The OAuth client of ${app.title} has no client_id`, {
    hint: `Set it: \`${programName()} mcp secret set ${givenClientName(app.name)}\`.`,
  });
}

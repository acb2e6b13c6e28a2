/** The end of a login: told to the authorization server (RFC 7009), then forgotten. */
import { selectClientAuthMethod } from "../sdk_oauth.ts";
import { withAppLock } from "./app_lock.ts";
import { clientOf } from "./client_choice.ts";
import type { Login } from "./login.ts";
import type { OAuthApp } from "./oauth_app.ts";
import type { OAuthClient } from "./oauth_client.ts";
import { oauthFetch } from "./oauth_fetch.ts";
import { markLogins, type OAuthParts } from "./oauth_parts.ts";
import { oauthProblem, refusable } from "./oauth_problem.ts";

export interface Revocation {
  /** Whether there was a login. */
  removed: boolean;
  /** "told": the authorization server ended it; "unknown": it has no way to be told; else why it did not. */
  server: "told" | "unknown" | Error;
}

/** Removes the login, and what was registered for it, whatever the authorization server says. */
export async function revokeLogin(app: OAuthApp, parts: OAuthParts): Promise<Revocation> {
  const { vault } = parts;
  return await withAppLock(app, parts, async () => {
    const ended: Revocation = { removed: false, server: "unknown" };
    // One that an earlier version kept under the provider's name may be there, too.
    for (let found = await vault.loginOf(app); found; found = await vault.loginOf(app)) {
      const server = await tellServer(app, found.login, parts);
      if (!(ended.server instanceof Error)) ended.server = server;
      if (!await vault.dropLogin(found.place)) break; // a token of the user's, in no place of a login
      ended.removed = true;
    }
    await vault.dropRegisteredClient(app.name);
    await markLogins(parts.paths);
    return ended;
  });
}

async function tellServer(app: OAuthApp, login: Login, parts: OAuthParts): Promise<Revocation["server"]> {
  const { revocation_endpoint, client_id } = login;
  if (!revocation_endpoint || !client_id) return "unknown";
  const client = await clientOf(app, client_id, parts);
  try {
    // The refresh token first: most servers end all that came of it.
    for (const kind of ["refresh_token", "access_token"] as const) {
      const token = login[kind];
      if (token) await revoke(revocation_endpoint, { token, kind, client, login }, parts);
    }
    return "told";
  } catch (error) {
    return oauthProblem(error, `${new URL(revocation_endpoint).origin} did not end the login`);
  }
}

async function revoke(
  endpoint: string,
  { token, kind, client, login }: { token: string; kind: string; client: OAuthClient; login: Login },
  { guard }: OAuthParts,
): Promise<void> {
  const body = new URLSearchParams({ token, token_type_hint: kind });
  const headers = new Headers({ accept: "application/json" });
  const method = selectClientAuthMethod(client, login.token_endpoint_auth_methods_supported ?? []);
  if (method === "client_secret_basic") {
    headers.set("authorization", `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}`);
  } else {
    body.set("client_id", client.client_id);
    if (method === "client_secret_post" && client.client_secret) {
      body.set("client_secret", client.client_secret);
    }
  }
  await refusable(oauthFetch(guard))(endpoint, { method: "POST", headers, body });
}

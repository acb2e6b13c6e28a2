/** A server behind a login, a home, and somebody who logs in. */
import {
  type AuthorizationOptions,
  beginAuthorization,
} from "../../../../gateway/mcp/oauth/authorization.ts";
import { authorizedFetch } from "../../../../gateway/mcp/oauth/authorized_fetch.ts";
import type { Login } from "../../../../gateway/mcp/oauth/login.ts";
import type { OAuthApp } from "../../../../gateway/mcp/oauth/oauth_app.ts";
import { TokenKeeper } from "../../../../gateway/mcp/oauth/token_keeper.ts";
import { type StandIn, standIn, type StandInOptions } from "../../../support/mcp/authorization_server.ts";
import { browse } from "../../../support/mcp/browser.ts";
import { type OAuthHome, oauthHome } from "../../../support/mcp/oauth_home.ts";

export type HomeOptions = Parameters<typeof oauthHome>[1];

export async function withServer(
  options: StandInOptions,
  fn: (server: StandIn, home: OAuthHome, app: OAuthApp) => Promise<void>,
  homeOptions: HomeOptions = {},
): Promise<void> {
  await using server = standIn(options);
  await using home = await oauthHome([], homeOptions);
  await fn(server, home, { name: "notes", title: "notes", url: server.url });
}

/** A login by somebody who agrees to everything, and the page that they see at last. */
export async function logIn(
  app: OAuthApp,
  { parts }: OAuthHome,
  options: AuthorizationOptions = {},
): Promise<{ login: Login; page: string; url: URL }> {
  const pending = await beginAuthorization(app, parts, options);
  const page = await browse(pending.url);
  return { login: await pending.done, page: page.text, url: new URL(pending.url) };
}

/** The status that the MCP server answers to a request with the login. */
export async function statusOf(app: OAuthApp, { parts }: OAuthHome): Promise<number> {
  const keeper = new TokenKeeper(parts, () => {});
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  const response = await authorizedFetch(app, keeper, fetch)(app.url!, { method: "POST", body });
  await response.body?.cancel();
  return response.status;
}

/** Changes the issuer that the browser's answer names; undefined: it names none. */
export function withIss(change: (iss: string) => string | undefined): (target: URL) => URL {
  return (target) => {
    const iss = change(target.searchParams.get("iss")!);
    if (iss === undefined) target.searchParams.delete("iss");
    else target.searchParams.set("iss", iss);
    return target;
  };
}

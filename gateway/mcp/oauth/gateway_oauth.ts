/** OAuth in a gateway: tokens on the way to remote servers, logins from sessions, providers' tokens kept fresh. */
import { type Environment, toolkitFiles } from "../configuration/toolkit_files.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import type { SecretSources } from "../secrets/resolve_secrets.ts";
import type { RemoteSpec } from "../servers/server_spec.ts";
import { authorizedFetch } from "./authorized_fetch.ts";
import { LoginDesk } from "./login_desk.ts";
import { remoteApp } from "./oauth_app.ts";
import type { Fetch } from "./oauth_fetch.ts";
import { oauthParts } from "./oauth_parts.ts";
import { ProviderRefresh } from "./provider_refresh.ts";
import { TokenKeeper } from "./token_keeper.ts";

export interface GatewayOAuth {
  /** Puts the login of a remote server into its requests. */
  authorize(spec: RemoteSpec): (fetch: Fetch) => Fetch;
  desk: LoginDesk;
  /** The configuration was read anew: logins are, too. */
  reloaded(servers: readonly EnabledServer[]): Promise<void>;
  /** Waits for tokens that are on their way. */
  close(): Promise<void>;
}

export interface GatewayOAuthOptions {
  env: Environment;
  sources(): SecretSources;
  /** Has the configuration read anew. */
  reload(): Promise<void>;
  log(line: string): void;
  /** Told of tokens, so that no log has them. */
  learn(server: { secrets: ReadonlyMap<string, string> }): void;
}

export async function gatewayOAuth(options: GatewayOAuthOptions): Promise<GatewayOAuth> {
  const { env, sources, reload, log, learn } = options;
  const parts = await oauthParts({ files: toolkitFiles(env), env, sources });
  const keeper = new TokenKeeper(parts, (line) => log(`! ${line}`), ({ name }, login) => {
    const tokens = [["access", login.access_token], ["refresh", login.refresh_token ?? ""]];
    learn({ secrets: new Map(tokens.map(([kind, token]) => [`${kind} token of ${name}`, token])) });
  });
  const providers = new ProviderRefresh(keeper, parts.vault, reload);
  const loggedIn = async () => {
    keeper.forget();
    await reload();
  };
  const desk = new LoginDesk({ parts, loggedIn, log });
  return {
    authorize: ({ server: { entry, config }, url, headers }) => (fetch) =>
      authorizedFetch(remoteApp(entry, config, { url, headers }), keeper, fetch),
    desk,
    async reloaded(servers) {
      keeper.forget();
      await providers.watch(servers);
    },
    async close() {
      desk.close();
      providers.close();
      await keeper.settled();
    },
  };
}

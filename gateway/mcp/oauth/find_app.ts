/** What `oauth ls|authorize|revoke` are about: the apps of the configuration, by the name that a person gives. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { programName } from "../../../core/process/called_as.ts";
import type { LoadedConfiguration } from "../configuration/configuration.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import type { ServerEntry } from "../catalog/server_entry.ts";
import { isUsable, type Login } from "./login.ts";
import { type OAuthApp, remoteApp, remoteUrl } from "./oauth_app.ts";
import type { OAuthVault } from "./oauth_vault.ts";
import { givenClient } from "./given_client.ts";
import type { OAuthParts } from "./oauth_parts.ts";

/** An app as `oauth ls` shows it, by the field names of Docker's. */
export interface ListedApp {
  app: string;
  authorized: boolean;
  provider: string;
  scopes?: { name: string }[];
  /** The servers that use it. */
  tools: string[];
}

/** The apps of enabled servers, and those that there are logins of. */
export async function listApps(
  { servers }: LoadedConfiguration,
  vault: OAuthVault,
): Promise<ListedApp[]> {
  const rest = new Set(await vault.logins());
  const listed: ListedApp[] = [];
  const users = new Map<string, string[]>();
  for (const { entry, config } of servers) {
    if (remoteUrl(entry) !== undefined) {
      const app = remoteApp(entry, config);
      const found = await vault.loginOf(app);
      if (found) rest.delete(found.place);
      if (found || app.provider !== undefined) {
        listed.push(listedApp(app.name, { login: found?.login, provider: app.provider, tools: [app.name] }));
      }
      continue;
    }
    for (const { provider } of entry.oauth?.providers ?? []) {
      users.set(provider, [...users.get(provider) ?? [], entry.name]);
    }
  }
  for (const place of rest) if (!users.has(place)) users.set(place, []);
  for (const [place, tools] of users) {
    listed.push(listedApp(place, { login: await vault.login(place), tools }));
  }
  return listed.sort((a, b) => a.app < b.app ? -1 : 1);
}

function listedApp(
  app: string,
  { login, provider = app, tools }: { login?: Login; provider?: string; tools: string[] },
): ListedApp {
  const scopes = login?.scope?.split(" ").map((name) => ({ name }));
  const authorized = login !== undefined && isUsable(login);
  return { app, authorized, provider, ...(scopes ? { scopes } : {}), tools };
}

/**
 * The app of a server's name, or of a provider's. Throws "not_found", and "unsupported" with what to do for a
 * provider whose token can only be given as a secret.
 */
export async function findApp(
  name: string,
  configuration: LoadedConfiguration,
  parts: OAuthParts,
): Promise<OAuthApp> {
  const app = await appOf(name, configuration);
  if (app.url !== undefined) return app;
  if ((await givenClient(app, parts))?.authorization_server !== undefined) return app;
  const users = usersOf(name, configuration);
  const secret = users.flatMap(({ oauth }) => oauth?.providers ?? []).find(({ provider }) =>
    provider === app.name
  )?.secret;
  const names = users.map(({ name }) => name).join(", ");
  throw new SkiffError("unsupported", `skiff knows no authorization server of ${app.name} (for ${names})`, {
    hint: `Make a token at the provider and give it: \`${programName()} mcp secret set ${
      secret ?? `oauth/${app.name}`
    }\`.`,
  });
}

/**
 * The app of a name, whether skiff can log in there or not. Throws "not_found", and "usage" for the name of a provider
 * whose servers have logins of their own.
 */
export async function appOf(name: string, configuration: LoadedConfiguration): Promise<OAuthApp> {
  const enabled = configuration.servers.find(({ entry }) => entry.name === name);
  const server = enabled ?? await configuration.server(name);
  if (server && remoteUrl(server.entry) !== undefined) return remoteApp(server.entry, server.config);
  const provider = server?.entry.oauth?.providers?.[0]?.provider;
  if (provider !== undefined) return { name: provider, title: name, scopes: server?.entry.oauth?.scopes };
  const users = usersOf(name, configuration);
  const local = users.find((entry) => remoteUrl(entry) === undefined && entry.oauth?.providers?.length);
  if (local) return { name, title: name, scopes: local.oauth?.scopes };
  const [remote, ...others] = users.filter((entry) => remoteUrl(entry) !== undefined);
  if (others.length > 0) throw severalServers(name, [remote, ...others]);
  if (remote) {
    const found: EnabledServer | undefined = await configuration.server(remote.name);
    return remoteApp(remote, found?.config ?? {});
  }
  if (server) {
    throw new SkiffError("unsupported", `The server ${name} runs on this machine and has no login`, {
      hint: `\`${programName()} mcp server inspect ${name}\` shows the secrets that it takes.`,
    });
  }
  throw new SkiffError("not_found", `There is no server and no OAuth provider ${name}`, {
    hint: `\`${programName()} mcp oauth ls\` lists those of the enabled servers.`,
  });
}

function severalServers(provider: string, entries: ServerEntry[]): SkiffError {
  const names = entries.map(({ name }) => name);
  return new SkiffError("usage", `${provider} is the provider of several servers: ${names.join(", ")}`, {
    hint: "A login is for one of them: name the server.",
  });
}

/** The servers that name a provider (or are the server itself); enabled ones first. */
function usersOf(name: string, { servers, catalogs }: LoadedConfiguration) {
  const entries = new Map([
    ...servers.map(({ entry }) => [entry.name, entry] as const),
    ...[...catalogs.servers].filter(([known]) => !servers.some(({ entry }) => entry.name === known)),
  ]);
  return [...entries.values()].filter((entry) =>
    entry.name === name || entry.oauth?.providers?.some(({ provider }) => provider === name)
  );
}

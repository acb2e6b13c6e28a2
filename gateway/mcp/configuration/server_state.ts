/** What a server needs before it can run, and whether the user has given it. */
import { programName } from "../../../core/process/called_as.ts";
import { canonicalName } from "../catalog/template.ts";
import { type ServerEntry, serverType } from "../catalog/server_entry.ts";
import type { SecretSources } from "../secrets/resolve_secrets.ts";
import type { ServerValues } from "./config_file.ts";
import { isOfOAuth } from "../oauth/oauth_client.ts";
import { isUsable, parseLogin, tokenName } from "../oauth/login.ts";
import { loginAmong, placesOf, remoteUrl } from "../oauth/oauth_app.ts";

/** "done": all is given; "required": something is missing; undefined: it needs none. */
export type Need = "done" | "required" | undefined;

export interface ServerNeeds {
  oauth: Need;
  secrets: Need;
  config: Need;
  missingSecrets: string[];
  /** Paths of values that are required and not set. */
  missingConfig: string[];
}

export async function serverNeeds(
  entry: ServerEntry,
  values: ServerValues,
  sources: SecretSources,
): Promise<ServerNeeds> {
  const providers = entry.oauth?.providers ?? [];
  const bySecret = new Map(providers.map(({ provider, secret }) => [secret, provider]));
  const has = async (name: string) => !isOfOAuth(name) && await sources.get(name) !== undefined;
  const url = remoteUrl(entry);
  const hasLogin = async (provider?: string) => {
    if (url !== undefined) {
      const found = await loginAmong(placesOf({ name: entry.name, provider }), url, sources.get);
      return found !== undefined && isUsable(found.login);
    }
    const text = provider === undefined ? undefined : await sources.get(tokenName(provider));
    const login = text === undefined ? undefined : parseLogin(text);
    return login !== undefined && isUsable(login) && login.server === undefined;
  };
  const missingSecrets: string[] = [];
  for (const { name } of entry.secrets ?? []) {
    const provider = bySecret.get(name);
    if (!await has(name) && !(provider && await hasLogin(provider))) missingSecrets.push(name);
  }
  const missingConfig = missingValues(entry, values);
  const authorized = await Promise.all(
    providers.map(async ({ provider, secret }) =>
      await hasLogin(provider) || (secret !== undefined && await has(secret))
    ),
  );
  // Whether a remote server wants a login is known only when it was asked; that there is one is.
  const isLoggedIn = providers.length === 0 && url !== undefined && await hasLogin();
  const none = isLoggedIn ? "done" : undefined;
  return {
    oauth: providers.length === 0 ? none : authorized.every(Boolean) ? "done" : "required",
    secrets: !entry.secrets?.length ? undefined : missingSecrets.length > 0 ? "required" : "done",
    config: !entry.config?.length ? undefined : missingConfig.length > 0 ? "required" : "done",
    missingSecrets,
    missingConfig,
  };
}

/** Required values that are not set: "notes.folder". */
export function missingValues(entry: ServerEntry, values: ServerValues): string[] {
  const own = canonicalName(entry.name);
  return (entry.config ?? []).flatMap(({ required = [] }) =>
    required.filter((key) => {
      const value = key.split(".").reduce<unknown>(
        (at, step) => at && typeof at === "object" ? (at as ServerValues)[step] : undefined,
        values,
      );
      return value === undefined || value === null || value === "";
    }).map((key) => `${own}.${key}`)
  );
}

/** What a person has to do before a server works, one line each. */
export function nextSteps(entry: ServerEntry, needs: ServerNeeds): string[] {
  const steps: string[] = [];
  const program = programName();
  const remote = serverType(entry) === "remote";
  const viaOauth = needs.oauth === "required" && (remote || needs.missingSecrets.length > 0);
  if (viaOauth) {
    for (const { provider } of entry.oauth!.providers ?? []) {
      steps.push(`Authorize ${entry.name}: ${program} mcp oauth authorize ${remote ? entry.name : provider}`);
    }
  }
  for (const secret of needs.missingSecrets) {
    const instead = viaOauth && entry.oauth?.providers?.some((provider) => provider.secret === secret);
    steps.push(`${instead ? "Or set" : "Set"} a secret: ${program} mcp secret set ${secret}`);
  }
  for (const value of needs.missingConfig) {
    steps.push(`Set a value: ${program} mcp config set ${value}=VALUE`);
  }
  return steps;
}

/** What logging in stands on: where secrets are, what may be reached, what the user allows. */
import { type Paths, skiffPaths } from "../../../core/paths/paths.ts";
import { readFeatures } from "../configuration/features.ts";
import type { Environment, ToolkitFiles } from "../configuration/toolkit_files.ts";
import type { SecretSources } from "../secrets/resolve_secrets.ts";
import { openSecretStore } from "../secrets/secret_store.ts";
import { insecureRemotes } from "../servers/insecure_remotes.ts";
import type { RemoteGuard } from "../servers/remote_guard.ts";
import { OAuthVault } from "./oauth_vault.ts";

export interface OAuthParts {
  vault: OAuthVault;
  guard: RemoteGuard;
  env: Environment;
  paths: Paths;
  /** Whether skiff may register itself as a client (feature `mcp-oauth-dcr`). */
  mayRegister(): Promise<boolean>;
}

export async function oauthParts(
  { files, env, sources }: { files: ToolkitFiles; env: Environment; sources?: () => SecretSources },
): Promise<OAuthParts> {
  return {
    vault: new OAuthVault(await openSecretStore(files, env), sources),
    guard: { insecure: insecureRemotes(env) },
    env,
    paths: skiffPaths(env),
    mayRegister: async () => (await readFeatures(files))["mcp-oauth-dcr"],
  };
}

/** A file that changes with every login and every end of one, for gateways that run: a keychain is no file. */
export function loginMarker(paths: Paths): string {
  return `${paths.state}/mcp/logins`;
}

export async function markLogins(paths: Paths): Promise<void> {
  const marker = loginMarker(paths);
  await Deno.mkdir(marker.slice(0, marker.lastIndexOf("/")), { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(marker, `${crypto.randomUUID()}\n`, { mode: 0o600 });
}

/** How a sandbox gets the agent's login: a volume, this machine's user, or not at all. */
import type { Mount } from "../docker/types/host_config.ts";
import type { Agent } from "./agents/agent.ts";
import { findCredentials, type FoundCredential } from "./agents/credentials.ts";
import type { SandboxSettings } from "./settings.ts";

export interface Credentials {
  mounts: Mount[];
  /** Added to requests by the proxy; the sandbox holds placeholders. */
  injected: FoundCredential[];
}

type Environment = { get(name: string): string | undefined };

/**
 * `sandbox`: the agent's volume, which all its sandboxes share. `host`: the user's own login; where the proxy
 * can add it to requests it stays outside, else its files are mounted.
 */
export async function credentialsFor(
  agent: Agent,
  settings: SandboxSettings,
  home: string,
  env: Environment,
): Promise<Credentials> {
  const none: Credentials = { mounts: [], injected: [] };
  const { credentialsVolume, credentialsFolder } = agent;
  if (settings.credentials === "none") return none;
  const volume: Mount[] = credentialsVolume && credentialsFolder
    ? [{ Type: "volume", Source: credentialsVolume, Target: `${home}/${credentialsFolder}` }]
    : [];
  if (settings.credentials === "sandbox") return { mounts: volume, injected: [] };
  const injected = settings.model ? [] : await hostSecrets(agent, env);
  if (injected.length > 0 || settings.model) return { mounts: [], injected };
  const hostHome = env.get("HOME") ?? "/";
  const mounts: Mount[] = [];
  for (const [source, target] of Object.entries(agent.hostCredentials.files)) {
    const path = `${hostHome}/${source}`;
    if (await Deno.stat(path).then((info) => info.isFile, () => false)) {
      mounts.push({ Type: "bind", Source: path, Target: `${home}/${target}` });
    }
  }
  return { mounts, injected };
}

/** The secrets that the proxy adds, read anew at each run. */
export async function hostSecrets(agent: Agent, env: Environment): Promise<FoundCredential[]> {
  return await findCredentials(agent, env, env.get("HOME") ?? "/");
}

/** For the proxy: secret by name. */
export function secretValues(found: FoundCredential[]): Record<string, string> {
  return Object.fromEntries(found.map(({ rule, value }) => [rule.secret, value]));
}

/** The servers of a profile as a gateway runs them. */
import type { LoadedCatalogs } from "../catalog/load_catalogs.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import { resolveSecrets, type SecretSources } from "../secrets/resolve_secrets.ts";
import type { ServerEntry } from "../catalog/server_entry.ts";
import { entryOf, type Profile, type ProfileServer, serverName } from "./profile.ts";

/**
 * Each server by its snapshot, or where it has none by the catalog's entry of its name or its image. Those of which neither
 * is known are told in `warnings`.
 */
export async function enabledServers(
  profile: Profile,
  { catalogs, secrets, warnings }: { catalogs: LoadedCatalogs; secrets: SecretSources; warnings: string[] },
): Promise<EnabledServer[]> {
  const enabled: EnabledServer[] = [];
  for (const server of profile.servers) {
    const name = serverName(server);
    const entry = entryOf(server, catalogs.servers.get(name) ?? ofSameImage(server, catalogs));
    if (!entry) {
      warnings.push(`The server "${name}" of the profile "${profile.id}" is in no catalog`);
      continue;
    }
    enabled.push({
      entry,
      config: server.config ?? {},
      secrets: await resolveSecrets(entry, secrets),
      ...(server.tools ? { tools: server.tools } : {}),
    });
  }
  return enabled;
}

/** The first profiles of Docker's toolkit say of a server no more than its image. */
function ofSameImage({ image }: ProfileServer, { servers }: LoadedCatalogs): ServerEntry | undefined {
  if (!image) return undefined;
  const name = (text = "") => text.replace(/@.*$/, "");
  const known = [...servers.values()];
  return known.find((entry) => entry.image === image) ??
    known.find((entry) => name(entry.image) === name(image));
}

/** Enabling and disabling servers. */
import { loadCatalogs } from "../catalog/load_catalogs.ts";
import type { CatalogPlace } from "../catalog/catalogs.ts";
import type { ServerEntry } from "../catalog/server_entry.ts";
import { canonicalName } from "../catalog/template.ts";
import { openSecretSources } from "../secrets/resolve_secrets.ts";
import { readConfigValues } from "./config_file.ts";
import { serverName } from "../profiles/profile.ts";
import { unknownServer } from "./configuration.ts";
import { serversOfDefaultProfile } from "./default_profile.ts";
import { leavePast } from "./moved_servers.ts";
import { changeRegistry, readRegistry, resetRegistry } from "./registry_file.ts";
import { type ServerNeeds, serverNeeds } from "./server_state.ts";

export interface ChangedServers {
  /** Servers that were enabled, with what they need. */
  enabled: { entry: ServerEntry; needs: ServerNeeds; already: boolean }[];
  /** Servers that no catalog has any longer and that were taken out. */
  pruned: string[];
  warnings: string[];
}

/** Enables servers of the catalogs. Throws "not_found" for one that no catalog has; nothing is changed then. */
export async function enableServers(names: string[], place: CatalogPlace): Promise<ChangedServers> {
  const { files, env } = place;
  const catalogs = await loadCatalogs(place);
  const unknown = names.find((name) => !catalogs.servers.has(name));
  if (unknown !== undefined) throw unknownServer(unknown, catalogs);
  await leavePast(place);
  const values = await readConfigValues(files.config);
  const sources = await openSecretSources(place);
  const before = await readRegistry(files.registry);
  // A catalog that could not be read may have them: nothing is pruned then.
  const known = catalogs.warnings.length > 0 ? undefined : (name: string) => catalogs.servers.has(name);
  const pruned = await changeRegistry(files.registry, { enable: names, known }, env);
  const enabled = [];
  for (const name of new Set(names)) {
    const entry = catalogs.servers.get(name)!;
    const needs = await serverNeeds(entry, values.get(canonicalName(name)) ?? {}, sources);
    enabled.push({ entry, needs, already: before.includes(name) });
  }
  return { enabled, pruned, warnings: catalogs.warnings };
}

/** Disables servers. Gives those that were not enabled, and those that a profile enables. */
export async function disableServers(
  names: string[],
  place: CatalogPlace,
): Promise<{ missing: string[]; ofProfile: string[] }> {
  const { files, env } = place;
  await leavePast(place);
  const before = await readRegistry(files.registry);
  await changeRegistry(files.registry, { disable: names.filter((name) => before.includes(name)) }, env);
  const others = await namesOfProfile(place);
  const ofProfile = names.filter((name) => others.includes(name));
  return { missing: names.filter((name) => !before.includes(name) && !ofProfile.includes(name)), ofProfile };
}

/** Disables all of the registry. Gives those that a profile enables. */
export async function disableAllServers(place: CatalogPlace): Promise<string[]> {
  await leavePast(place);
  await resetRegistry(place.files.registry, place.env);
  return await namesOfProfile(place);
}

/** Servers that the profile "default" enables. */
async function namesOfProfile(place: CatalogPlace): Promise<string[]> {
  return (await serversOfDefaultProfile(place))?.map(serverName) ?? [];
}

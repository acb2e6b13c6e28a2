/** Catalogs as they go through registries: a title and servers, each in a profile's form. */
import { catalogEntry, checkedProfile, profileServer, serverName } from "../profiles/profile.ts";
import { artifactDigest, catalogArtifact } from "./artifact.ts";
import type { Catalog } from "./catalog_text.ts";
import { type ServerEntry, serverType } from "./server_entry.ts";

export interface SharedCatalog {
  title: string;
  servers: Record<string, unknown>[];
}

/** What is shared of a catalog. Commands of this machine stay here: no one takes them from a registry. */
export function sharedForm(
  { name, displayName, servers }: Catalog,
): { shared: SharedCatalog; left: string[] } {
  const entries = [...servers.values()];
  const left = entries.filter((entry) => serverType(entry) === "local").map((entry) => entry.name);
  const shared = entries.filter((entry) => serverType(entry) !== "local").map(sharedServer);
  return { shared: { title: displayName || name, servers: shared }, left };
}

/** A server in a profile's form, without what only a profile says. */
export function sharedServer(
  entry: ServerEntry,
): Record<string, unknown> & { snapshot: { server: ServerEntry } } {
  const { secrets: _, snapshot, ...server } = profileServer(entry);
  return { ...server, snapshot: snapshot! };
}

/** The digest that a catalog has in a registry. */
export function sharedDigest(shared: SharedCatalog): string {
  return artifactDigest({ type: catalogArtifact, value: shared });
}

/** The entries of a shared catalog by name, and what is wrong with those that are left out. */
export function sharedEntries(
  servers: unknown,
  source: string,
): { entries: Map<string, ServerEntry>; problems: string[] } {
  const entries = new Map<string, ServerEntry>();
  const problems: string[] = [];
  for (const server of checkedProfile({ id: "catalog", servers: servers ?? [] }, source).servers) {
    const entry = catalogEntry(server);
    if (entry) entries.set(entry.name, entry);
    else {
      problems.push(`${source}: the server "${serverName(server)}" is left out: nothing describes it`);
    }
  }
  return { entries, problems };
}

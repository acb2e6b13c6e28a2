/** Making a catalog of servers that are named, of a profile, of a catalog at an address or of a community registry. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { absolutePath } from "../../../core/paths/path_rules.ts";
import { readProfile } from "../profiles/profile_store.ts";
import { catalogEntry, serverName } from "../profiles/profile.ts";
import { serversOf } from "../profiles/server_uri.ts";
import { catalogFileName, readCatalogList } from "./catalog_list.ts";
import { asReference, fullReference, keptName } from "./catalog_reference.ts";
import { fetchText } from "./catalog_source.ts";
import { fromElsewhere, parseCatalog } from "./catalog_text.ts";
import type { CatalogPlace } from "./catalogs.ts";
import { communityServers } from "./community_list.ts";
import { keepCatalog } from "./shared_catalogs.ts";
import type { ServerEntry } from "./server_entry.ts";
import { readText } from "../files/edit_file.ts";

export interface CatalogMaterial {
  title?: string;
  /** See `serversOf`. */
  servers?: string[];
  profile?: string;
  /** Address or file of a catalog in YAML or JSON. */
  legacyCatalog?: string;
  /** Host of a community registry. */
  registry?: string;
  /** Names of servers of the community registry that are left out. */
  exclude?: string[];
  includePypi?: boolean;
  includeNpm?: boolean;
}

interface Material {
  title: string;
  source: string;
  entries: Map<string, ServerEntry>;
  /** What was left out and why. */
  notes: string[];
}

/**
 * Makes a catalog of a reference, or makes it anew of what it was made of before. Throws "usage", "conflict", and what its
 * sources throw; nothing is kept then.
 */
export async function makeCatalog(
  reference: string,
  wanted: CatalogMaterial,
  place: CatalogPlace,
): Promise<{ name: string; reference: string; servers: number; notes: string[] }> {
  checkWanted(wanted);
  const ref = fullReference(reference);
  const taken = await keptName(reference, place.files) ?? await keptName(ref, place.files);
  const conflict = new SkiffError("conflict", `There is a catalog "${taken}" already`, {
    hint: `Remove it first with \`skiff mcp catalog rm ${taken}\`.`,
  });
  if (taken !== undefined && !saysServers(wanted)) throw conflict;
  const { title, source, entries, notes } = await material(wanted, place);
  if (taken !== undefined) {
    const before = (await readCatalogList(place.files)).get(taken);
    if (before?.ref !== ref || before.source !== source) throw conflict;
  }
  for (const uri of wanted.servers ?? []) {
    for (const entry of await serversOf(uri, place)) entries.set(entry.name, entry);
  }
  const record = { ref, source };
  const name = await keepCatalog({ title: wanted.title ?? (title || ref), entries, record }, place);
  return { name, reference: ref, servers: entries.size, notes };
}

function saysServers({ servers, profile, legacyCatalog, registry }: CatalogMaterial): boolean {
  return !!servers?.length || [profile, legacyCatalog, registry].some((one) => one !== undefined);
}

/** Whether a word for a new catalog is more than a plain name. */
export function isReference(word: string): boolean {
  return asReference(word) !== undefined && catalogFileName(word) !== word;
}

function checkWanted(
  { profile, legacyCatalog, registry, exclude, includeNpm, includePypi }: CatalogMaterial,
) {
  const sources = [profile, legacyCatalog, registry].filter((source) => source !== undefined);
  if (sources.length > 1) {
    throw new SkiffError(
      "usage",
      "--from-profile, --from-legacy-catalog and --from-community-registry exclude each other",
    );
  }
  if (registry === undefined && (exclude?.length || includeNpm || includePypi)) {
    throw new SkiffError(
      "usage",
      "--exclude, --include-npm and --include-pypi are for --from-community-registry",
    );
  }
}

async function material(wanted: CatalogMaterial, place: CatalogPlace): Promise<Material> {
  const { profile, legacyCatalog, registry, exclude = [] } = wanted;
  if (profile !== undefined) return await ofProfile(profile, place);
  if (legacyCatalog !== undefined) return await ofCatalogText(legacyCatalog, place);
  if (registry === undefined) return { title: "", source: "user:cli", entries: new Map(), notes: [] };
  const kinds = { pypi: !!wanted.includePypi, npm: !!wanted.includeNpm };
  const { entries, notes } = await communityServers(registry, { exclude, ...kinds }, place.env);
  return { title: "MCP Community Registry", source: `registry:${registry}`, entries, notes };
}

async function ofProfile(id: string, place: CatalogPlace): Promise<Material> {
  const { name, servers, id: own } = await readProfile(id, place);
  const entries = new Map<string, ServerEntry>();
  const notes: string[] = [];
  for (const server of servers) {
    const entry = catalogEntry(server);
    if (entry) entries.set(entry.name, entry);
    else notes.push(`The server "${serverName(server)}" is left out: nothing describes it`);
  }
  return { title: name, source: `profile:${own}`, entries, notes };
}

async function ofCatalogText(from: string, { env, cwd }: CatalogPlace): Promise<Material> {
  const isUrl = /^https?:\/\//i.test(from);
  const path = isUrl ? from : absolutePath(from, cwd);
  const text = isUrl ? await fetchText(from, env) : await readText(path);
  if (text === undefined) throw new SkiffError("not_found", `There is no catalog ${from}`);
  const catalog = parseCatalog(text, from, path);
  const { servers, problems, displayName } = isUrl ? fromElsewhere(catalog) : catalog;
  return {
    title: displayName ?? "Legacy Catalog",
    source: `legacy-catalog:${from}`,
    entries: servers,
    notes: problems,
  };
}

/** The ways to name servers for a profile: by catalog, image, community registry or file. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { absolutePath } from "../../../core/paths/path_rules.ts";
import { fetchText } from "../catalog/catalog_source.ts";
import { catalogOf, catalogValue, parseServer } from "../catalog/catalog_text.ts";
import { keptName } from "../catalog/catalog_reference.ts";
import type { CatalogPlace } from "../catalog/catalogs.ts";
import { fromServerJson } from "../catalog/community_registry.ts";
import { loadCatalogs, openCatalog } from "../catalog/load_catalogs.ts";
import type { ServerEntry } from "../catalog/server_entry.ts";
import { ofImage } from "./image_server.ts";
import { unknownServer } from "../configuration/configuration.ts";
import { readText } from "../files/edit_file.ts";

/**
 * The servers that a word names: `NAME` of any catalog, `catalog://CATALOG/NAME+NAME` (no name: all),
 * `docker://IMAGE`, `https://…/v0/servers/ID`, `file://./server.yaml`. Throws "not_found", "invalid_input".
 */
export async function serversOf(uri: string, place: CatalogPlace): Promise<ServerEntry[]> {
  const [, scheme, rest] = /^([a-z]+):\/\/(.*)$/.exec(uri) ?? [];
  switch (scheme) {
    case undefined:
      return [await byName(uri, place)];
    case "catalog":
      return await ofCatalog(rest, place);
    case "docker":
      return [await ofImage(rest, place)];
    case "http":
    case "https":
      return [fromServerJson(await fetchText(uri, place.env), uri)];
    case "file":
      return await ofFile(decodeURIComponent(rest), place);
    default:
      throw new SkiffError("usage", `"${uri}" names no server`, {
        hint: "Give NAME, catalog://CATALOG/NAME, docker://IMAGE, https://… or file://PATH.",
      });
  }
}

async function byName(name: string, place: CatalogPlace): Promise<ServerEntry> {
  const catalogs = await loadCatalogs(place);
  const entry = catalogs.servers.get(name);
  if (!entry) throw unknownServer(name, catalogs);
  return entry;
}

/** `CATALOG` (all of it) or `CATALOG/NAME+NAME`, names with `*` and `?`; a reference of a catalog may have slashes itself. */
async function ofCatalog(rest: string, place: CatalogPlace): Promise<ServerEntry[]> {
  const slash = rest.lastIndexOf("/");
  const whole = slash < 0 || slash === rest.length - 1 || rest.slice(slash).includes(":") ||
    await keptName(rest, place.files) !== undefined;
  const reference = whole ? rest.replace(/\/$/, "") : rest.slice(0, slash);
  const { servers } = await openCatalog(reference, place);
  if (whole) return [...servers.values()];
  const found = new Map<string, ServerEntry>();
  for (const name of rest.slice(slash + 1).split("+")) {
    const pattern = asPattern(name);
    const matching = [...servers.values()].filter((entry) => pattern.test(entry.name));
    if (matching.length === 0) {
      throw new SkiffError("not_found", `The catalog "${reference}" has no server "${name}"`, {
        hint: `\`skiff mcp catalog show ${reference}\` lists its servers.`,
      });
    }
    for (const entry of matching) found.set(entry.name, entry);
  }
  return [...found.values()];
}

function asPattern(glob: string): RegExp {
  const source = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${source}$`);
}

/**
 * A catalog (all of it), one entry or a `server.json`. Entries of files run what they say, so they come only from
 * the folder of catalogs.
 */
async function ofFile(path: string, { files, cwd }: CatalogPlace): Promise<ServerEntry[]> {
  const absolute = absolutePath(path, cwd);
  const inCatalogs = !path.startsWith("/") &&
    await Deno.realPath(`${files.catalogs}/${path}`).catch(() => "");
  const real = inCatalogs || await Deno.realPath(absolute).catch(() => absolute);
  const root = await Deno.realPath(files.catalogs).catch(() => files.catalogs);
  if (!real.startsWith(`${root}/`)) {
    throw new SkiffError("forbidden", `${path} is not in ${files.catalogs}`, {
      hint: "Files of servers are taken from that folder only; put it there.",
    });
  }
  const text = await readText(real);
  if (text === undefined) throw new SkiffError("not_found", `There is no file ${real}`);
  const value = catalogValue(text, real);
  if (value.registry) return [...catalogOf(value, path, real).servers.values()];
  const isCommunity = value.type === undefined && (value.$schema || value.packages || value.remotes);
  return [isCommunity ? fromServerJson(text, real) : parseServer(text, undefined, real)];
}

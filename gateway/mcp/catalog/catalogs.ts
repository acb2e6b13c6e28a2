/** Changing the user's catalogs: importing, exporting, making, forking, filling and removing them. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Environment, ToolkitFiles } from "../configuration/toolkit_files.ts";
import { absolutePath } from "../../../core/paths/path_rules.ts";
import { editFile, readText } from "../files/edit_file.ts";
import { parseYamlMap, setYaml, toYaml } from "../files/yaml_text.ts";
import { catalogFile, catalogFileName, readCatalogList, setCatalogRecord } from "./catalog_list.ts";
import { keptName } from "./catalog_reference.ts";
import {
  aliasUrl,
  catalogAliases,
  dockerCatalog,
  embeddedCatalog,
  fetchText,
  readEmbedded,
} from "./catalog_source.ts";
import { type Catalog, catalogOf, catalogValue, parseServer } from "./catalog_text.ts";
import type { ServerEntry } from "./server_entry.ts";

export interface CatalogPlace {
  files: ToolkitFiles;
  env: Environment;
  cwd: string;
}

export interface ImportedCatalog {
  name: string;
  servers: number;
  problems: string[];
}

/**
 * Takes a catalog from an alias, an address or a file and keeps it under the name that it gives itself. With
 * `dryRun` nothing is written. Throws "not_found", "network", "invalid_input", "conflict" for a name that a
 * catalog made here has.
 */
export async function importCatalog(
  source: string,
  place: CatalogPlace,
  { dryRun = false }: { dryRun?: boolean } = {},
): Promise<ImportedCatalog> {
  const { files, env } = place;
  const url = aliasUrl(source, env) ?? (/^https?:\/\//i.test(source) ? source : undefined);
  const path = url ?? absolutePath(source, place.cwd);
  const text = url ? await fetchText(url, env) : await readText(path);
  if (text === undefined) {
    throw new SkiffError("not_found", `There is no catalog ${source}`, {
      hint: `Give an address, a file, or one of: ${catalogAliases.join(", ")}.`,
    });
  }
  const value = catalogValue(text, path);
  const list = await readCatalogList(files);
  const own = catalogAliases.includes(source) ? dockerCatalog : ownName(value, path);
  const name = list.has(own) ? own : catalogFileName(own);
  const catalog = catalogOf(value, name, path);
  if (name === embeddedCatalog) throw reserved(name);
  if (dryRun) return summary(catalog);
  const known = list.get(name);
  const madeHere = known ? !known.url : await readText(catalogFile(files, name)) !== undefined;
  if (madeHere && name !== dockerCatalog) {
    throw new SkiffError("conflict", `There is a catalog "${name}" already, made here`, {
      hint: `Remove it first with \`skiff mcp catalog rm ${name}\`.`,
    });
  }
  await editFile(catalogFile(files, name), () => text.replaceAll("\r\n", "\n"), { env });
  const displayName = catalog.displayName ?? name;
  const record = { displayName, url: path, lastUpdate: new Date().toISOString() };
  await setCatalogRecord(files, name, record, env);
  return summary(catalog);
}

const summary = ({ name, servers, problems }: Catalog): ImportedCatalog => ({
  name,
  servers: servers.size,
  problems,
});

function ownName(value: Record<string, unknown>, path: string): string {
  if (typeof value.name === "string" && value.name) return value.name;
  return path.split(/[\\/]/).at(-1)!.replace(/\.(ya?ml|json)$/, "");
}

/** Fetches imported catalogs anew: one, or all. Gives what came; those that failed are told in `problems`. */
export async function updateCatalogs(
  name: string | undefined,
  place: CatalogPlace,
): Promise<ImportedCatalog[]> {
  const list = await readCatalogList(place.files);
  if (name !== undefined && !list.has(name)) throw noCatalog(name, [...list.keys()]);
  const wanted = name !== undefined ? [name] : [...list.keys()].filter((one) => list.get(one)!.url);
  const updated: ImportedCatalog[] = [];
  for (const one of wanted) {
    const { url } = list.get(one)!;
    if (!url) {
      throw new SkiffError("unsupported", `The catalog "${one}" was made here: there is nothing to update`);
    }
    try {
      updated.push(await replaceImported(one, url, place));
    } catch (error) {
      if (name !== undefined || !(error instanceof SkiffError)) throw error;
      updated.push({ name: one, servers: 0, problems: [`${one}: ${error.message}`] });
    }
  }
  return updated;
}

async function replaceImported(name: string, url: string, place: CatalogPlace): Promise<ImportedCatalog> {
  const { files, env } = place;
  if (url.startsWith("oci://")) {
    const { pullCatalog } = await import("./shared_catalogs.ts");
    return await pullCatalog(url.slice("oci://".length), place);
  }
  const text = /^https?:\/\//i.test(url) ? await fetchText(url, env) : await readText(url);
  if (text === undefined) throw new SkiffError("not_found", `${url} is not there any longer`);
  const catalog = catalogOf(catalogValue(text, url), name, url);
  await editFile(catalogFile(files, name), () => text.replaceAll("\r\n", "\n"), { env });
  await setCatalogRecord(files, name, { lastUpdate: new Date().toISOString() }, env);
  return summary(catalog);
}

/** Writes the list of catalogs with Docker's in it; gets that one when it can be reached (false: not). */
export async function initCatalogs(place: CatalogPlace): Promise<boolean> {
  const { files, env } = place;
  const url = aliasUrl(dockerCatalog, env)!;
  if (!(await readCatalogList(files)).has(dockerCatalog)) {
    await setCatalogRecord(files, dockerCatalog, { displayName: "Docker MCP Catalog", url }, env);
  }
  try {
    await replaceImported(dockerCatalog, url, place);
    return true;
  } catch (error) {
    if (error instanceof SkiffError && error.code === "network") return false;
    throw error;
  }
}

/** Removes all catalogs and their list. */
export async function resetCatalogs({ files }: CatalogPlace): Promise<void> {
  const names = [dockerCatalog, ...(await readCatalogList(files).catch(() => new Map())).keys()];
  for (const name of new Set(names)) await removeFile(catalogFile(files, name));
  await removeFile(files.catalogList);
}

async function removeFile(path: string): Promise<void> {
  await Deno.remove(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

/** Makes an empty catalog. Throws "conflict". */
export async function createCatalog(name: string, place: CatalogPlace): Promise<void> {
  await writeNew(name, toYaml({ version: 3, name, displayName: name, registry: {} }), place);
}

/** Makes a catalog of one's own out of another one, with all its comments. */
export async function forkCatalog(source: string, name: string, place: CatalogPlace): Promise<void> {
  const text = await catalogText(source, place);
  const path = catalogFile(place.files, source);
  const renamed = setYaml(text, ["name"], name, path);
  await writeNew(name, setYaml(renamed, ["displayName"], name, path), place);
}

async function writeNew(name: string, text: string, { files, env }: CatalogPlace): Promise<void> {
  assertOwn(name);
  if (/[/\\\p{Cc}]/u.test(name)) { // it would be taken for a file's when it is asked for
    throw new SkiffError("usage", `${JSON.stringify(name)} cannot be the name of a catalog`, {
      hint: "Use letters, digits, dots and dashes.",
    });
  }
  const path = catalogFile(files, name);
  let exists = (await readCatalogList(files)).has(name);
  if (!exists) {
    await editFile(path, (old) => {
      exists = old !== undefined;
      return exists ? undefined : text;
    }, { env });
  }
  if (exists) {
    throw new SkiffError("conflict", `There is a catalog "${name}" already`, {
      hint: "Choose another name.",
    });
  }
  await setCatalogRecord(files, name, { displayName: name, lastUpdate: new Date().toISOString() }, env);
}

/** The text of a catalog as it is kept. Throws "not_found". */
async function catalogText(name: string, { files, env }: CatalogPlace): Promise<string> {
  const text = await readText(catalogFile(files, name));
  if (text !== undefined) return text;
  if (name === embeddedCatalog || name === dockerCatalog) {
    const { servers } = await readEmbedded(env);
    const registry = Object.fromEntries([...servers].map(([key, { name: _, ...entry }]) => [key, entry]));
    return toYaml({ version: 3, name, displayName: name, registry });
  }
  throw noCatalog(name, [...(await readCatalogList(files)).keys()]);
}

/** Writes a catalog to a file of the user's choice. */
export async function exportCatalog(name: string, path: string, place: CatalogPlace): Promise<void> {
  if (name === dockerCatalog) throw reserved(name);
  const text = await catalogText(name, place);
  const target = absolutePath(path, place.cwd);
  if (await readText(target) !== undefined) {
    throw new SkiffError("conflict", `${path} is there already`, { hint: "Choose another file." });
  }
  await editFile(target, () => text, { env: place.env });
}

/** Removes a catalog, named by its name or its reference. Throws "not_found", and "forbidden" for Docker's. */
export async function removeCatalog(word: string, { files, env }: CatalogPlace): Promise<void> {
  const name = await keptName(word, files) ?? word;
  assertOwn(name);
  const list = await readCatalogList(files);
  if (!list.has(name)) throw noCatalog(word, [...list.keys()]);
  await setCatalogRecord(files, name, undefined, env);
  await removeFile(catalogFile(files, name));
}

/**
 * Copies a server out of a file (a catalog, or one entry) into a catalog of the user's own. Throws "conflict"
 * when it has one of that name and `force` is not set.
 */
export async function addServer(
  catalog: string,
  server: string,
  { path, force = false }: { path: string; force?: boolean },
  place: CatalogPlace,
): Promise<ServerEntry> {
  assertOwn(catalog);
  const source = absolutePath(path, place.cwd);
  const text = await readText(source);
  if (text === undefined) throw new SkiffError("not_found", `There is no file ${path}`);
  const entry = parseServer(text, server, source);
  return await putServer(catalog, entry, { force }, place);
}

/** Writes an entry into a catalog of the user's own. */
export async function putServer(
  catalog: string,
  entry: ServerEntry,
  { force }: { force: boolean },
  { files, env }: CatalogPlace,
): Promise<ServerEntry> {
  assertOwn(catalog);
  const list = await readCatalogList(files);
  const target = catalogFile(files, catalog);
  const { name, ...fields } = entry;
  await editFile(target, (old) => {
    if (old === undefined) throw noCatalog(catalog, [...list.keys()]);
    const registry = parseYamlMap(old, target).registry ?? {};
    if (Object.hasOwn(registry as object, name) && !force) {
      throw new SkiffError("conflict", `The catalog "${catalog}" has a server "${name}" already`, {
        hint: "Add --force to replace it.",
      });
    }
    return setYaml(old, ["registry", name], fields, target);
  }, { env });
  return entry;
}

/** Writes a file to begin an own catalog with: two entries to learn from. */
export async function bootstrapCatalog(path: string, { env, cwd }: CatalogPlace): Promise<void> {
  const { servers } = await readEmbedded(env);
  const registry = Object.fromEntries(["dockerhub", "curl"].map((name) => {
    const { name: _, ...entry } = servers.get(name)!;
    return [name, entry];
  }));
  const head = "# A catalog to begin with. Change it, then `skiff mcp catalog import` it.\n";
  const target = absolutePath(path, cwd);
  if (await readText(target) !== undefined) {
    throw new SkiffError("conflict", `${path} is there already`, { hint: "Choose another file." });
  }
  const value = { version: 3, name: "my-catalog", displayName: "My catalog", registry };
  await editFile(target, () => head + toYaml(value), { env });
}

function assertOwn(name: string): void {
  if (name === dockerCatalog || name === embeddedCatalog) throw reserved(name);
}

function reserved(name: string): SkiffError {
  return new SkiffError(
    "forbidden",
    `The catalog "${name}" belongs to ${name === dockerCatalog ? "Docker" : "skiff"}`,
    {
      hint: `Make one of your own with \`skiff mcp catalog fork ${name} NAME\`.`,
    },
  );
}

function noCatalog(name: string, known: string[]): SkiffError {
  return new SkiffError("not_found", `There is no catalog "${name}"`, {
    hint: known.length > 0 ? `Catalogs: ${known.join(", ")}.` : "`skiff mcp catalog create NAME` makes one.",
  });
}

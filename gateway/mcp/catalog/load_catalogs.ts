/** All catalogs that hold, merged: a later one's servers stand for an earlier one's of the same name. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Environment, ToolkitFiles } from "../configuration/toolkit_files.ts";
import { catalogFile, readCatalogList } from "./catalog_list.ts";
import {
  catalogAliases,
  dockerCatalog,
  embeddedCatalog,
  fetchCatalog,
  readCatalogFile,
  readEmbedded,
} from "./catalog_source.ts";
import { type Catalog, fromElsewhere } from "./catalog_text.ts";
import type { ServerEntry } from "./server_entry.ts";

export interface CatalogOptions {
  files: ToolkitFiles;
  env: Environment;
  cwd: string;
  /** As `--catalog`: names, files or addresses in place of the default ones. */
  catalogs?: string[];
  /** As `--additional-catalog`. */
  additional?: string[];
}

export interface LoadedCatalogs {
  catalogs: Catalog[];
  /** All servers by name. */
  servers: Map<string, ServerEntry>;
  /** Which catalog a server is of. */
  origin: Map<string, string>;
  warnings: string[];
  files: string[];
}

/**
 * The embedded catalog, Docker's (when it was imported), the configured and the additional ones. A broken or
 * missing configured catalog is a warning, one that was asked for by name an error.
 */
export async function loadCatalogs(options: CatalogOptions): Promise<LoadedCatalogs> {
  const { files, catalogs: wanted, additional = [] } = options;
  const loaded: LoadedCatalogs = {
    catalogs: [],
    servers: new Map(),
    origin: new Map(),
    warnings: [],
    files: [files.catalogList],
  };
  if (wanted) {
    for (const reference of wanted) addCatalog(loaded, await openCatalog(reference, options, loaded));
  } else await addConfigured(loaded, options);
  for (const reference of additional) addCatalog(loaded, await openCatalog(reference, options, loaded));
  return loaded;
}

async function addConfigured(loaded: LoadedCatalogs, options: CatalogOptions): Promise<void> {
  const { files, env } = options;
  addCatalog(loaded, await readEmbedded(env));
  const list = await readCatalogList(files);
  const names = [...list.keys()].filter((name) => name !== dockerCatalog);
  for (const name of [dockerCatalog, ...names]) {
    const path = catalogFile(files, name);
    loaded.files.push(path);
    try {
      const catalog = await readCatalogFile(path, name, env);
      const imported = name === dockerCatalog || isAddress(list.get(name)?.url);
      if (catalog) addCatalog(loaded, imported ? fromElsewhere(catalog) : catalog);
      else if (name !== dockerCatalog) loaded.warnings.push(`The catalog "${name}" has no file ${path}`);
    } catch (error) {
      if (!(error instanceof SkiffError)) throw error;
      loaded.warnings.push(`The catalog "${name}" is left out: ${error.message}`);
    }
  }
}

const isAddress = (url: string | undefined) => /^(https?|oci):/i.test(url ?? "");

function addCatalog(loaded: LoadedCatalogs, catalog: Catalog): void {
  loaded.catalogs.push(catalog);
  loaded.warnings.push(...catalog.problems);
  for (const [name, entry] of catalog.servers) {
    loaded.servers.set(name, entry);
    loaded.origin.set(name, catalog.name);
  }
}

/** One catalog by name, alias, file or address. Throws "not_found". */
export async function openCatalog(
  reference: string,
  options: CatalogOptions,
  loaded?: { files: string[]; warnings: string[] },
): Promise<Catalog> {
  const { files, env, cwd } = options;
  if (/^https?:\/\//i.test(reference)) {
    const { catalog, warning } = await fetchCatalog(reference, reference, env);
    if (warning) loaded?.warnings.push(warning);
    return fromElsewhere(catalog);
  }
  if (reference === embeddedCatalog) return await readEmbedded(env);
  const asFile = /[/\\]/.test(reference);
  const name = asFile ? reference : reference.replace(/\.(ya?ml|json)$/, "");
  const path = !asFile
    ? catalogFile(files, name)
    : /^([/\\]|[A-Za-z]:)/.test(reference)
    ? reference
    : `${cwd}/${reference}`;
  loaded?.files.push(path);
  const catalog = await readCatalogFile(path, name, env);
  const imported = !asFile &&
    (name === dockerCatalog || isAddress((await readCatalogList(files)).get(name)?.url));
  if (catalog) return imported ? fromElsewhere(catalog) : catalog;
  if (name === dockerCatalog) return { ...await readEmbedded(env), name };
  if (!asFile && Object.hasOwn(catalogAliases, name)) {
    return fromElsewhere((await fetchCatalog(catalogAliases[name], name, env)).catalog);
  }
  const known = [embeddedCatalog, dockerCatalog, ...(await readCatalogList(files)).keys()];
  throw new SkiffError("not_found", `There is no catalog "${reference}"`, {
    hint: asFile ? `The file ${path} is not there.` : `Catalogs: ${[...new Set(known)].join(", ")}.`,
  });
}

/** All catalogs that hold, merged: a later one's servers stand for an earlier one's of the same name. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { absolutePath } from "../../../core/paths/path_rules.ts";
import { type Environment, inContainer, type ToolkitFiles } from "../configuration/toolkit_files.ts";
import { catalogFile, readCatalogList } from "./catalog_list.ts";
import { asReference, keptName } from "./catalog_reference.ts";
import {
  aliasUrl,
  dockerCatalog,
  embeddedCatalog,
  fetchCatalog,
  readCatalogFile,
  readEmbedded,
} from "./catalog_source.ts";
import { type Catalog, fromElsewhere } from "./catalog_text.ts";
import type { ServerEntry } from "./server_entry.ts";
import { toolkitCatalogs } from "./toolkit_catalogs.ts";

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
  /** Configured catalogs that cannot be read, and so are left out. */
  broken: string[];
  files: string[];
}

/**
 * The embedded catalog, those in the database of Docker's toolkit, Docker's (when it was imported), the configured
 * and the additional ones. A broken or missing configured catalog is a warning, one that was asked for by name
 * an error.
 */
export async function loadCatalogs(options: CatalogOptions): Promise<LoadedCatalogs> {
  const { files, catalogs: wanted, additional = [] } = options;
  const loaded: LoadedCatalogs = {
    catalogs: [],
    servers: new Map(),
    origin: new Map(),
    warnings: [],
    broken: [],
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
  await addToolkits(loaded, files);
  const list = await readCatalogList(files);
  const names = [...list.keys()].filter((name) => name !== dockerCatalog);
  for (const name of [dockerCatalog, ...names]) {
    const path = catalogFile(files, name);
    loaded.files.push(path);
    try {
      const catalog = await readCatalogFile(path, name, env);
      const imported = name === dockerCatalog || isAddress(list.get(name)?.url);
      if (catalog) addCatalog(loaded, imported ? fromElsewhere(catalog) : catalog);
      else if (name === dockerCatalog) await addDockersInContainer(loaded, env);
      else loaded.warnings.push(`The catalog "${name}" has no file ${path}`);
    } catch (error) {
      if (!(error instanceof SkiffError)) throw error;
      loaded.broken.push(name);
      loaded.warnings.push(`The catalog "${name}" is left out: ${error.message}`);
    }
  }
}

async function addToolkits(loaded: LoadedCatalogs, files: ToolkitFiles): Promise<void> {
  try {
    for (const { catalog } of await toolkitCatalogs(files)) addCatalog(loaded, catalog);
  } catch (error) {
    if (!(error instanceof SkiffError)) throw error;
    loaded.warnings.push(error.message);
  }
  loaded.files.push(files.database);
}

/** Nobody imported it there, so a gateway in a container gets it itself; where it cannot be reached it is told. */
async function addDockersInContainer(loaded: LoadedCatalogs, env: Environment): Promise<void> {
  if (!inContainer(env)) return;
  const { catalog, warning } = await fetchCatalog(aliasUrl(dockerCatalog, env)!, dockerCatalog, env);
  if (warning) loaded.warnings.push(warning);
  addCatalog(loaded, fromElsewhere(catalog));
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

/** One catalog by name, reference, alias, file or address. Throws "not_found". */
export async function openCatalog(
  reference: string,
  options: CatalogOptions,
  loaded?: { files: string[]; warnings: string[] },
): Promise<Catalog> {
  const { env } = options;
  if (/^https?:\/\//i.test(reference)) {
    const { catalog, warning } = await fetchCatalog(reference, reference, env);
    if (warning) loaded?.warnings.push(warning);
    return fromElsewhere(catalog);
  }
  if (reference === embeddedCatalog) return await readEmbedded(env);
  return await openByReference(reference, options) ?? await openByPath(reference, options, loaded);
}

/** A catalog that is kept under a reference, by skiff or by Docker's toolkit. */
async function openByReference(word: string, { files, env }: CatalogOptions): Promise<Catalog | undefined> {
  const ref = word.includes("/") || word.includes(":") ? asReference(word) : undefined;
  if (ref === undefined) return undefined;
  const name = await keptName(ref, files);
  const own = async () => {
    const catalog = name === undefined
      ? undefined
      : await readCatalogFile(catalogFile(files, name), name, env);
    const imported = name === dockerCatalog || isAddress((await readCatalogList(files)).get(name!)?.url);
    return catalog && imported ? fromElsewhere(catalog) : catalog;
  };
  const ofToolkit = async () =>
    (await toolkitCatalogs(files)).find(({ catalog }) => catalog.name === ref)?.catalog;
  if (name !== dockerCatalog) return await own() ?? await ofToolkit();
  return await ofToolkit() ?? await own() ?? { ...await readEmbedded(env), name };
}

async function openByPath(
  reference: string,
  { files, env, cwd }: CatalogOptions,
  loaded?: { files: string[] },
): Promise<Catalog> {
  const asFile = /[/\\]/.test(reference);
  const name = asFile ? reference : reference.replace(/\.(ya?ml|json)$/, "");
  const path = asFile ? absolutePath(reference, cwd) : catalogFile(files, name);
  loaded?.files.push(path);
  const catalog = await readCatalogFile(path, name, env);
  const imported = !asFile &&
    (name === dockerCatalog || isAddress((await readCatalogList(files)).get(name)?.url));
  if (catalog) return imported ? fromElsewhere(catalog) : catalog;
  if (name === dockerCatalog) return { ...await readEmbedded(env), name };
  const url = asFile ? undefined : aliasUrl(name, env);
  if (url !== undefined) return fromElsewhere((await fetchCatalog(url, name, env)).catalog);
  const known = [embeddedCatalog, dockerCatalog, ...(await readCatalogList(files)).keys()];
  throw new SkiffError("not_found", `There is no catalog "${reference}"`, {
    hint: asFile && asReference(reference) === undefined
      ? `The file ${path} is not there.`
      : `Catalogs: ${[...new Set(known)].join(", ")}.`,
  });
}

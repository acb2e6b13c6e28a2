/** All of the toolkit's files in one text, as `docker mcp config dump` writes it, and back. Secrets are not part of it. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { catalogFile, readCatalogList } from "../catalog/catalog_list.ts";
import type { CatalogPlace } from "../catalog/catalogs.ts";
import { editFile, readText } from "../files/edit_file.ts";
import { parseJsonObject } from "../files/json_text.ts";
import { parseYamlMap } from "../files/yaml_text.ts";

/** Texts of files; "" for one that is not there. */
export interface Backup {
  config: string;
  registry: string;
  catalog: string;
  /** By the catalog's name. */
  catalogFiles: Record<string, string>;
  tools: string;
}

export async function dumpConfiguration({ files }: CatalogPlace): Promise<Backup> {
  const text = async (path: string) => await readText(path) ?? "";
  const catalogFiles: Record<string, string> = {};
  for (const name of (await readCatalogList(files)).keys()) {
    const content = await readText(catalogFile(files, name));
    if (content !== undefined) catalogFiles[name] = content;
  }
  return {
    config: await text(files.config),
    registry: await text(files.registry),
    catalog: await text(files.catalogList),
    catalogFiles,
    tools: await text(files.tools),
  };
}

/**
 * Puts everything back as it was; catalogs that are not in the backup are removed. Throws "invalid_input" for a
 * text that is no backup or holds a broken file; nothing is changed then.
 */
export async function restoreConfiguration(text: string, place: CatalogPlace): Promise<void> {
  const { files, env } = place;
  const backup = parseBackup(text);
  const before = [...(await readCatalogList(files).catch(() => new Map<string, unknown>())).keys()];
  const texts: [path: string, text: string][] = [
    [files.config, backup.config],
    [files.registry, backup.registry],
    [files.tools, backup.tools],
    ...Object.entries(backup.catalogFiles).map(([name, content]): [string, string] => [
      catalogFile(files, name),
      content,
    ]),
    [files.catalogList, backup.catalog],
  ];
  for (const [path, content] of texts) {
    const present = await readText(path) !== undefined;
    if (present || content !== "") await editFile(path, () => content, { env });
  }
  const kept = new Set(Object.keys(backup.catalogFiles).map((name) => catalogFile(files, name)));
  for (const path of before.map((name) => catalogFile(files, name)).filter((path) => !kept.has(path))) {
    await Deno.remove(path).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

function parseBackup(text: string): Backup {
  const value = parseJsonObject(text, "the backup");
  const { config = "", registry = "", catalog = "", catalogFiles = {}, tools = "" } = value as Partial<
    Backup
  >;
  const backup = { config, registry, catalog, catalogFiles: catalogFiles ?? {}, tools };
  const texts = [config, registry, catalog, tools, ...Object.values(backup.catalogFiles)];
  if (typeof value.registry !== "string" || texts.some((one) => typeof one !== "string")) {
    throw new SkiffError("invalid_input", "That is no backup of `skiff mcp config dump`");
  }
  parseYamlMap(config, "config.yaml of the backup");
  parseYamlMap(registry, "registry.yaml of the backup");
  parseYamlMap(tools, "tools.yaml of the backup");
  if (catalog !== "") parseJsonObject(catalog, "catalog.json of the backup");
  for (const [name, content] of Object.entries(backup.catalogFiles)) {
    parseYamlMap(content, `${name} of the backup`);
  }
  return backup;
}

/** catalog.json: which catalogs there are besides the embedded one. */
import { editFile, readText } from "../files/edit_file.ts";
import { parseJsonObject, setJson } from "../files/json_text.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Environment, ToolkitFiles } from "../configuration/toolkit_files.ts";

export interface CatalogRecord {
  displayName?: string;
  /** Where it was imported from; absent for those that were made here. */
  url?: string;
  /** Its reference in registries. */
  ref?: string;
  /** What it was made of: "user:cli", "profile:ID", "legacy-catalog:NAME", "registry:HOST", "oci:REFERENCE". */
  source?: string;
  /** ISO time. */
  lastUpdate?: string;
  [field: string]: unknown;
}

/** Records by name, in the order of the file. */
export async function readCatalogList(files: ToolkitFiles): Promise<Map<string, CatalogRecord>> {
  const text = await readText(files.catalogList);
  const catalogs = text === undefined ? {} : parseJsonObject(text, files.catalogList).catalogs ?? {};
  if (typeof catalogs !== "object" || catalogs === null || Array.isArray(catalogs)) {
    throw new SkiffError("invalid_input", `${files.catalogList}: "catalogs" is no object`, {
      hint: "Repair the file, or remove it with `skiff mcp catalog reset`.",
    });
  }
  const records = Object.entries(catalogs as Record<string, CatalogRecord | null>);
  return new Map(records.map(([name, record]) => [name, record ?? {}]));
}

/** Adds or replaces (undefined: removes) the record of a catalog; fields that are not given stay. */
export async function setCatalogRecord(
  files: ToolkitFiles,
  name: string,
  record: CatalogRecord | undefined,
  env: Environment,
): Promise<void> {
  await editFile(files.catalogList, (text = "") => {
    if (!record) return setJson(text, ["catalogs", name], undefined, files.catalogList);
    for (const [field, value] of Object.entries(record)) {
      text = setJson(text, ["catalogs", name, field], value, files.catalogList);
    }
    return text;
  }, { env });
}

/**
 * A name as that of a file, the way Docker's toolkit does it: lower case, "_" for what no file's name may have.
 * Throws "usage" when nothing is left.
 */
export function catalogFileName(name: string): string {
  // deno-lint-ignore no-control-regex
  const plain = name.trim().toLowerCase().replace(/[<>:"/\\|?*\x00-\x1f]/g, "_").replace(/^\.+/, "").slice(
    0,
    250,
  );
  if (plain === "") throw new SkiffError("usage", `${JSON.stringify(name)} cannot be the name of a catalog`);
  return plain;
}

/** The file of a catalog. */
export function catalogFile(files: ToolkitFiles, name: string): string {
  return `${files.catalogs}/${catalogFileName(name)}.yaml`;
}

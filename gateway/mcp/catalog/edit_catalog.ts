/** Adding and removing servers of a catalog, named by its name or its reference. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { editFile } from "../files/edit_file.ts";
import { deleteYaml, parseYamlMap } from "../files/yaml_text.ts";
import { serversOf } from "../profiles/server_uri.ts";
import { catalogFile, readCatalogList } from "./catalog_list.ts";
import { keptName } from "./catalog_reference.ts";
import { type CatalogPlace, putServer } from "./catalogs.ts";
import { dockerCatalog, embeddedCatalog } from "./catalog_source.ts";

/** Puts servers there, in place of those of the same names. Throws "not_found", "forbidden"; nothing is changed then. */
export async function addServers(word: string, uris: string[], place: CatalogPlace): Promise<string[]> {
  const name = await editable(word, place);
  const entries = [];
  for (const uri of uris) entries.push(...await serversOf(uri, place));
  for (const entry of entries) await putServer(name, entry, { force: true }, place);
  return entries.map((entry) => entry.name);
}

/** Throws "not_found" for a server that is not in it; nothing is changed then. */
export async function removeServers(word: string, names: string[], place: CatalogPlace): Promise<void> {
  const name = await editable(word, place);
  const path = catalogFile(place.files, name);
  await editFile(path, (text = "") => {
    const present = Object.keys(parseYamlMap(text, path).registry ?? {});
    const missing = names.filter((one) => !present.includes(one));
    if (missing.length > 0) {
      throw new SkiffError("not_found", `The catalog "${word}" has no server "${missing[0]}"`, {
        hint: `It has: ${present.join(", ") || "none"}.`,
      });
    }
    return names.reduce((rest, one) => deleteYaml(rest, ["registry", one], path), text);
  }, { env: place.env });
}

/** The name of a catalog whose file is the user's. */
async function editable(word: string, { files }: CatalogPlace): Promise<string> {
  const name = word === embeddedCatalog ? word : await keptName(word, files);
  if (name === dockerCatalog || name === embeddedCatalog) {
    throw new SkiffError("forbidden", `The catalog "${name}" is not edited here`, {
      hint: `Make one of your own with \`skiff mcp catalog fork ${name} NAME\`.`,
    });
  }
  if (name !== undefined) return name;
  const known = [...(await readCatalogList(files)).keys()];
  throw new SkiffError("not_found", `There is no catalog "${word}"`, {
    hint: known.length > 0 ? `Catalogs: ${known.join(", ")}.` : "`skiff mcp catalog create NAME` makes one.",
  });
}

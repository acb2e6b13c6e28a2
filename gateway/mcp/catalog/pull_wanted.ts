/** Pulling a catalog before it is shown, when the rules ask for it. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { readCatalogList } from "./catalog_list.ts";
import { asReference, keptName } from "./catalog_reference.ts";
import { dockerCatalog } from "./catalog_source.ts";
import { type CatalogPlace, updateCatalogs } from "./catalogs.ts";
import { type PullRule, wantsPull, wasPulled } from "./pull_rule.ts";
import { pullCatalog } from "./shared_catalogs.ts";
import { toolkitCatalogs } from "./toolkit_catalogs.ts";

/** Pulls a catalog by its reference, or gets an imported one anew. Throws what those throw, "usage" for a plain name. */
export async function pullIfWanted(
  word: string,
  rules: PullRule[],
  place: CatalogPlace,
  say: (line: string) => void | Promise<void>,
): Promise<void> {
  const { files } = place;
  const name = await keptName(word, files);
  const record = name === undefined ? undefined : (await readCatalogList(files)).get(name);
  const reference = record?.ref ?? asReference(word);
  const inToolkit = !record && reference !== undefined &&
    (await toolkitCatalogs(files)).some(({ catalog }) => catalog.name === reference);
  const updated = record?.lastUpdate ? Date.parse(record.lastUpdate) : NaN;
  const wanted = wantsPull(rules, {
    present: record !== undefined || inToolkit,
    age: Number.isNaN(updated) ? undefined : Date.now() - updated,
    pulledBefore: reference !== undefined && await wasPulled(reference, place),
  });
  if (!wanted) return;
  await say(`Pulling catalog ${reference ?? word}...`);
  if (record?.url && !record.url.startsWith("oci://")) return void await updateCatalogs(name, place);
  if (name === dockerCatalog || reference === undefined) {
    throw new SkiffError("usage", `Nothing says where "${word}" is pulled from`, {
      hint: "Docker's catalog is got with `skiff mcp catalog import docker-mcp`.",
    });
  }
  await pullCatalog(reference, place);
}

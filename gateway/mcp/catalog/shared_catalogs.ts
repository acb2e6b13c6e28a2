/** Catalogs of registries: pushed, pulled, kept under a reference and tagged. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { editFile } from "../files/edit_file.ts";
import { toYaml } from "../files/yaml_text.ts";
import { catalogArtifact, pullArtifact, pushArtifact } from "./artifact.ts";
import { catalogFile, readCatalogList, setCatalogRecord } from "./catalog_list.ts";
import { asReference, freeName, fullReference, keptName } from "./catalog_reference.ts";
import { dockerCatalog } from "./catalog_source.ts";
import type { CatalogPlace, ImportedCatalog } from "./catalogs.ts";
import { openCatalog } from "./load_catalogs.ts";
import { rememberPull } from "./pull_rule.ts";
import type { ServerEntry } from "./server_entry.ts";
import { sharedEntries, sharedForm } from "./shared_form.ts";
import { toolkitCatalogs } from "./toolkit_catalogs.ts";

/** Puts a catalog into a registry: under `reference`, else under its own. Gives the digest and the servers that stay here. */
export async function pushCatalog(
  word: string,
  reference: string | undefined,
  place: CatalogPlace,
): Promise<{ reference: string; digest: string; left: string[] }> {
  const { shared, left } = sharedForm(await openCatalog(word, place));
  const target = reference ?? await ownReference(word, place);
  const digest = await pushArtifact(target, { type: catalogArtifact, value: shared }, place.env);
  return { reference: target, digest, left };
}

async function ownReference(word: string, { files }: CatalogPlace): Promise<string> {
  const name = await keptName(word, files);
  const own = name === undefined ? undefined : (await readCatalogList(files)).get(name)?.ref;
  const reference = own ?? (word.includes("/") ? asReference(word) : undefined);
  if (reference !== undefined) return reference;
  throw new SkiffError("usage", `Nothing says where "${word}" goes to`, {
    hint: "Add a reference, like ghcr.io/team/mcp-catalog:latest.",
  });
}

/** Takes a catalog from a registry; one of the same reference is replaced. Throws what `pullArtifact` throws. */
export async function pullCatalog(reference: string, place: CatalogPlace): Promise<ImportedCatalog> {
  const ref = asReference(reference) ?? fullReference(reference.replace(/@.*$/, ""));
  const value = await pullArtifact(reference, catalogArtifact, place.env);
  const { entries, problems } = sharedEntries(value.servers, reference);
  const title = typeof value.title === "string" ? value.title : ref;
  const record = { ref, url: `oci://${reference}` };
  const name = await keepCatalog({ title, entries, record }, place);
  await rememberPull(ref, place);
  return { name, servers: entries.size, problems };
}

export interface NewCatalog {
  title: string;
  entries: Map<string, ServerEntry>;
  /** Fields of catalog.json: its reference and where it comes from. */
  record: { ref: string; url?: string; source?: string };
}

/** Writes a catalog of a reference, in place of the one that it has already. Gives its name here. */
export async function keepCatalog(
  { title, entries, record }: NewCatalog,
  { files, env }: CatalogPlace,
): Promise<string> {
  const kept = await keptName(record.ref, files);
  const name = kept && kept !== dockerCatalog ? kept : await freeName(record.ref, files);
  const registry = Object.fromEntries([...entries].map(([key, { name: _, ...fields }]) => [key, fields]));
  const text = toYaml({ version: 3, name, displayName: title, registry });
  await editFile(catalogFile(files, name), () => text, { env });
  const fields = { displayName: title, ...record, lastUpdate: new Date().toISOString() };
  await setCatalogRecord(files, name, fields, env);
  return name;
}

/** Keeps a copy under another reference. Gives both in full. */
export async function tagCatalog(
  word: string,
  reference: string,
  place: CatalogPlace,
): Promise<{ source: string; target: string }> {
  const target = fullReference(reference);
  const { servers, displayName, name } = await openCatalog(word, place);
  const source = asReference(word) ?? word;
  const record = { ref: target, source: `oci:${source}` };
  await keepCatalog({ title: displayName ?? name, entries: servers, record }, place);
  return { source, target };
}

/** What a shared catalog is known by. */
export interface CatalogOrigin {
  ref: string;
  source?: string;
  /** Of what the toolkit has; skiff computes its own. */
  digest?: string;
}

/** Of a catalog that has a reference; undefined of others. */
export async function catalogOrigin(
  word: string,
  { files }: CatalogPlace,
): Promise<CatalogOrigin | undefined> {
  const name = await keptName(word, files);
  const record = name === undefined ? undefined : (await readCatalogList(files)).get(name);
  if (record?.ref !== undefined) {
    const source = record.source ?? record.url?.replace(/^oci:\/\//, "oci:");
    return { ref: record.ref, ...(source ? { source } : {}) };
  }
  const reference = asReference(word);
  const kept = (await toolkitCatalogs(files)).find(({ catalog }) => catalog.name === reference);
  return kept && { ref: kept.catalog.name, source: kept.source, digest: kept.digest };
}

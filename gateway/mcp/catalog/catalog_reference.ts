/** Catalogs named by references of a registry: `acme/tools:1` is one, and has a short name here. */
import { parseImageReference } from "../../../core/docker/image_reference.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { ToolkitFiles } from "../configuration/toolkit_files.ts";
import { readText } from "../files/edit_file.ts";
import { catalogFile, catalogFileName, readCatalogList } from "./catalog_list.ts";
import { dockerCatalog, embeddedCatalog } from "./catalog_source.ts";

/** What Docker's toolkit calls the catalog that is `docker-mcp` in files. */
const dockerReference = "mcp/docker-mcp-catalog:latest";

/** As Docker's toolkit writes it: with a tag, without docker.io and library/. Throws "invalid_input", "usage" for a digest. */
export function fullReference(text: string): string {
  const { registry, repository, tag, digest } = parseImageReference(text);
  if (digest !== undefined) {
    throw new SkiffError("usage", `${text} has a digest; a catalog is named by a tag`, {
      hint: "Leave the part from @ on out.",
    });
  }
  const hub = registry === "docker.io";
  const path = hub ? repository.replace(/^library\//, "") : repository;
  return `${hub ? "" : `${registry}/`}${path}:${tag ?? "latest"}`;
}

/** The same, undefined for what is no reference. */
export function asReference(text: string): string | undefined {
  try {
    return fullReference(text);
  } catch {
    return undefined;
  }
}

/** The name under which a catalog is kept here, by its name or its reference; undefined when there is none. */
export async function keptName(word: string, files: ToolkitFiles): Promise<string | undefined> {
  const list = await readCatalogList(files);
  if (list.has(word)) return word;
  const reference = asReference(word);
  if (reference === undefined) return undefined;
  for (const [name, { ref, url }] of list) {
    const source = url?.startsWith("oci://") ? asReference(url.slice("oci://".length)) : undefined;
    if ((ref ?? source) === reference) return name;
  }
  return reference === dockerReference ? dockerCatalog : undefined;
}

/** The name that a new catalog of this reference gets: the last part of its path, or all of it where that is taken. */
export async function freeName(reference: string, files: ToolkitFiles): Promise<string> {
  const list = await readCatalogList(files);
  const short = parseImageReference(reference).repository.split("/").at(-1)!;
  for (const name of [catalogFileName(short), catalogFileName(fullReference(reference))]) {
    const reserved = name === dockerCatalog || name === embeddedCatalog;
    const taken = reserved || list.has(name) || await readText(catalogFile(files, name)) !== undefined;
    if (!taken) return name;
  }
  throw new SkiffError("conflict", `There is a catalog "${catalogFileName(reference)}" already`, {
    hint: "Use another repository or tag.",
  });
}

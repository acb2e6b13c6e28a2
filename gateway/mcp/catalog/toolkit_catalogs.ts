/** The catalogs in the database of Docker's toolkit, as catalogs. They come from registries: without commands of this machine. */
import type { ToolkitFiles } from "../configuration/toolkit_files.ts";
import { type Catalog, fromElsewhere } from "./catalog_text.ts";
import { sharedEntries } from "./shared_form.ts";

export interface KeptByToolkit {
  catalog: Catalog;
  /** "sha256:…" of its manifest. */
  digest: string;
  source: string;
}

/** By their references as names; none when there is no database. Throws "corrupt". */
export async function toolkitCatalogs(files: ToolkitFiles): Promise<KeptByToolkit[]> {
  const present = await Deno.stat(files.database).then(() => true, () => false);
  if (!present) return [];
  const { readToolkitCatalogs } = await import("../toolkit/toolkit_database.ts"); // SQLite takes time to load
  return readToolkitCatalogs(files.database).map(({ ref, title, servers, digest, source }) => {
    const { entries, problems } = sharedEntries(servers, `${files.database} (${ref})`);
    const catalog = { name: ref, displayName: title, servers: entries, problems };
    return { catalog: fromElsewhere(catalog), digest: `sha256:${digest}`, source };
  });
}

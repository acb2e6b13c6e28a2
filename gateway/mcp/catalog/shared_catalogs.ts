/** Catalogs that are shared through a registry: each server there is one of a profile's form. */
import { parseImageReference } from "../../../core/docker/image_reference.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { editFile, readText } from "../files/edit_file.ts";
import { toYaml } from "../files/yaml_text.ts";
import { checkedProfile, profileServer, serverName } from "../profiles/profile.ts";
import { catalogArtifact, pullArtifact, pushArtifact } from "./artifact.ts";
import { catalogFile, catalogFileName, readCatalogList, setCatalogRecord } from "./catalog_list.ts";
import { dockerCatalog, embeddedCatalog } from "./catalog_source.ts";
import type { CatalogPlace, ImportedCatalog } from "./catalogs.ts";
import { openCatalog } from "./load_catalogs.ts";

/** Puts a catalog into a registry; the digest. */
export async function pushCatalog(name: string, reference: string, place: CatalogPlace): Promise<string> {
  const { displayName, servers } = await openCatalog(name, place);
  const value = {
    title: displayName ?? name,
    servers: [...servers.values()].map((entry) => {
      const { secrets: _, ...server } = profileServer(entry);
      return server;
    }),
  };
  return await pushArtifact(reference, { type: catalogArtifact, value }, place.env);
}

/**
 * Takes a catalog from a registry and keeps it under the last part of its repository's name. Throws "conflict"
 * when a catalog that did not come from there has that name.
 */
export async function pullCatalog(reference: string, place: CatalogPlace): Promise<ImportedCatalog> {
  const { files, env } = place;
  const name = catalogFileName(parseImageReference(reference).repository.split("/").at(-1)!);
  if (name === dockerCatalog || name === embeddedCatalog) {
    throw new SkiffError("forbidden", `The name "${name}" is taken`, { hint: "Use another repository." });
  }
  const url = `oci://${reference}`;
  const known = (await readCatalogList(files)).get(name);
  const taken = known ? known.url !== url : await readText(catalogFile(files, name)) !== undefined;
  if (taken) {
    throw new SkiffError("conflict", `There is a catalog "${name}" already`, {
      hint: `Remove it first with \`skiff mcp catalog rm ${name}\`.`,
    });
  }
  const value = await pullArtifact(reference, catalogArtifact, env);
  const { servers } = checkedProfile({ ...value, id: "catalog" }, reference);
  const problems: string[] = [];
  const registry: Record<string, unknown> = {};
  for (const server of servers) {
    const entry = server.snapshot?.server;
    if (!entry) {
      problems.push(`${reference}: the server "${serverName(server)}" is left out: nothing describes it`);
      continue;
    }
    const { name: key, ...fields } = entry;
    registry[key] = server.image ? { ...fields, image: server.image } : fields;
  }
  const displayName = typeof value.title === "string" ? value.title : name;
  await editFile(catalogFile(files, name), () => toYaml({ version: 3, name, displayName, registry }), {
    env,
  });
  await setCatalogRecord(files, name, { displayName, url, lastUpdate: new Date().toISOString() }, env);
  return { name, servers: Object.keys(registry).length, problems };
}

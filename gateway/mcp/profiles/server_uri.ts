/** The ways to name servers for a profile: by catalog, image, community registry or file. */
import { openDocker } from "../../../core/docker/docker.ts";
import { inspectImage } from "../../../core/docker/images.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { fetchText } from "../catalog/catalog_source.ts";
import { parseServer } from "../catalog/catalog_text.ts";
import type { CatalogPlace } from "../catalog/catalogs.ts";
import { fromServerJson } from "../catalog/community_registry.ts";
import { loadCatalogs, openCatalog } from "../catalog/load_catalogs.ts";
import type { ServerEntry } from "../catalog/server_entry.ts";
import { unknownServer } from "../configuration/configuration.ts";
import { readText } from "../files/edit_file.ts";

/** The label under which an image carries its own entry, as YAML. */
const metadataLabel = "io.docker.server.metadata";

/**
 * The servers that a word names: `NAME` of any catalog, `catalog://CATALOG/NAME+NAME` (no name: all),
 * `docker://IMAGE`, `https://…/v0/servers/ID`, `file://./server.yaml`. Throws "not_found", "invalid_input".
 */
export async function serversOf(uri: string, place: CatalogPlace): Promise<ServerEntry[]> {
  const [, scheme, rest] = /^([a-z]+):\/\/(.*)$/.exec(uri) ?? [];
  switch (scheme) {
    case undefined:
      return [await byName(uri, place)];
    case "catalog":
      return await ofCatalog(rest, place);
    case "docker":
      return [await ofImage(rest, place)];
    case "http":
    case "https":
      return [fromServerJson(await fetchText(uri, place.env), uri)];
    case "file":
      return [await ofFile(rest, place)];
    default:
      throw new SkiffError("usage", `"${uri}" names no server`, {
        hint: "Give NAME, catalog://CATALOG/NAME, docker://IMAGE, https://… or file://PATH.",
      });
  }
}

async function byName(name: string, place: CatalogPlace): Promise<ServerEntry> {
  const catalogs = await loadCatalogs(place);
  const entry = catalogs.servers.get(name);
  if (!entry) throw unknownServer(name, catalogs);
  return entry;
}

async function ofCatalog(rest: string, place: CatalogPlace): Promise<ServerEntry[]> {
  const slash = rest.lastIndexOf("/");
  const [reference, names] = slash < 0 ? [rest, ""] : [rest.slice(0, slash), rest.slice(slash + 1)];
  const { servers } = await openCatalog(reference, place);
  if (!names) return [...servers.values()];
  return names.split("+").map((name) => {
    const entry = servers.get(name);
    if (entry) return entry;
    throw new SkiffError("not_found", `The catalog "${reference}" has no server "${name}"`, {
      hint: `\`skiff mcp catalog show ${reference}\` lists its servers.`,
    });
  });
}

/** The entry that an image carries in a label; it must be on the Engine. */
export async function ofImage(image: string, { env }: CatalogPlace): Promise<ServerEntry> {
  const docker = await openDocker({ env });
  try {
    const found = await inspectImage(docker, image);
    if (!found) {
      throw new SkiffError("not_found", `The image ${image} is not on this Engine`, {
        hint: `Pull it first: docker pull ${image}`,
      });
    }
    const label = found.Config?.Labels?.[metadataLabel];
    if (!label) {
      throw new SkiffError("invalid_input", `The image ${image} does not describe an MCP server`, {
        hint: `It needs the label ${metadataLabel} with the server's entry.`,
      });
    }
    const name = image.replace(/@.*$/, "").replace(/:[^/]*$/, "").split("/").at(-1)!;
    return { ...withImage(label, name, image) };
  } finally {
    docker.close();
  }
}

/** An entry in a label need not say its own image. */
function withImage(label: string, name: string, image: string): ServerEntry {
  const text = /^\s*image\s*:/m.test(label) ? label : `${label.trimEnd()}\nimage: ${JSON.stringify(image)}\n`;
  const entry = parseServer(text, undefined, image);
  if (entry.type !== undefined && entry.type !== "server") {
    throw new SkiffError("invalid_input", `The image ${image} describes a server of the type ${entry.type}`, {
      hint: "An image can only describe the server that is in it.",
    });
  }
  return { ...entry, name: entry.name || name, image };
}

/** Entries of files run what they say, so they come only from the folder of catalogs. */
async function ofFile(path: string, { files, cwd }: CatalogPlace): Promise<ServerEntry> {
  const absolute = path.startsWith("/") ? path : `${cwd}/${path}`;
  const inCatalogs = !path.startsWith("/") &&
    await Deno.realPath(`${files.catalogs}/${path}`).catch(() => "");
  const real = inCatalogs || await Deno.realPath(absolute).catch(() => absolute);
  const root = await Deno.realPath(files.catalogs).catch(() => files.catalogs);
  if (!real.startsWith(`${root}/`)) {
    throw new SkiffError("forbidden", `${path} is not in ${files.catalogs}`, {
      hint: "Files of servers are taken from that folder only; put it there.",
    });
  }
  const text = await readText(real);
  if (text === undefined) throw new SkiffError("not_found", `There is no file ${real}`);
  return parseServer(text, undefined, real);
}

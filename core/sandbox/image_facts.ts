/**
 * What of an image decides how its sandboxes are made. Images do not change, so it is read once, out of the
 * first container, and kept in the cache.
 */
import { readTar } from "../archive/tar.ts";
import { getArchive } from "../docker/archives.ts";
import type { Docker } from "../docker/docker.ts";
import { SkiffError } from "../errors/skiff_error.ts";
import type { Paths } from "../paths/paths.ts";
import type { AccountFiles } from "./account.ts";
import { persistentFile } from "./entry_script.ts";

export interface ImageFacts extends AccountFiles {
  /** What the image has in the file that all shells source. */
  persistent: string;
}

/** Cached facts of the image with this id; undefined when no sandbox was made of it yet. */
export async function cachedFacts(paths: Paths, imageId: string): Promise<ImageFacts | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(cacheFile(paths, imageId)));
  } catch {
    return undefined; // none, or half written: it is read anew
  }
}

/** Reads them out of a container of the image, and keeps them. */
export async function readFacts(
  docker: Docker,
  container: string,
  paths: Paths,
  imageId: string,
): Promise<ImageFacts> {
  const [passwd, group, persistent] = await Promise.all(
    ["/etc/passwd", "/etc/group", persistentFile].map((path) => readFile(docker, container, path)),
  );
  const facts = { passwd: passwd ?? "", group: group ?? "", persistent: persistent ?? "" };
  const file = cacheFile(paths, imageId);
  await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(file, JSON.stringify(facts));
  return facts;
}

function cacheFile(paths: Paths, imageId: string): string {
  return `${paths.cache}/sandbox-images/${
    imageId.replace(/^sha256:/, "").replace(/[^a-zA-Z0-9]/g, "_")
  }.json`;
}

/** The text of a file in a container; undefined when there is none. */
async function readFile(docker: Docker, container: string, path: string): Promise<string | undefined> {
  try {
    const { archive } = await getArchive(docker, container, { path });
    for await (const entry of readTar(archive)) {
      if (entry.type === "file") return await new Response(ReadableStream.from(entry.content())).text();
    }
    return undefined;
  } catch (error) {
    if (error instanceof SkiffError && error.code === "not_found") return undefined;
    throw error;
  }
}

/**
 * What of an image decides how its sandboxes are made. Images do not change, so it is read once, out of the
 * first container, and kept in the cache.
 */
import { readTar } from "../archive/tar.ts";
import { getArchive } from "../docker/archives.ts";
import { createContainer, removeContainer } from "../docker/containers.ts";
import type { Docker } from "../docker/docker.ts";
import { SkiffError } from "../errors/skiff_error.ts";
import type { Paths } from "../paths/paths.ts";
import type { AccountFiles } from "./account.ts";
import { persistentFile } from "./entry_script.ts";
import { probeLabel } from "./labels.ts";
import { parentPath } from "../paths/path_rules.ts";

export interface ImageFacts extends AccountFiles {
  /** What the image has in the file that all shells source. */
  persistent: string;
}

/** The facts of the image with this id. */
export async function imageFacts(docker: Docker, paths: Paths, imageId: string): Promise<ImageFacts> {
  const file = cacheFile(paths, imageId);
  const cached = await Deno.readTextFile(file).then((text) => JSON.parse(text) as ImageFacts).catch(() =>
    undefined
  );
  if (cached) return cached; // what is missing or half written is read anew
  const facts = await readFacts(docker, imageId);
  await Deno.mkdir(parentPath(file), { recursive: true });
  await Deno.writeTextFile(file, JSON.stringify(facts));
  return facts;
}

/** Out of a container that is never started. */
async function readFacts(docker: Docker, imageId: string): Promise<ImageFacts> {
  const { Id } = await createContainer(docker, {
    Image: imageId,
    Entrypoint: [],
    Cmd: ["true"],
    Labels: { [probeLabel]: "1" },
    HostConfig: { NetworkMode: "none" },
  });
  try {
    const [passwd, group, persistent] = await Promise.all(
      ["/etc/passwd", "/etc/group", persistentFile].map((path) => readFile(docker, Id, path)),
    );
    return { passwd: passwd ?? "", group: group ?? "", persistent: persistent ?? "" };
  } finally {
    await removeContainer(docker, Id, { force: true, volumes: true });
  }
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

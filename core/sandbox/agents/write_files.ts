/** Puts an agent's files into the home of a container that need not run; volumes are reached as well. */
import { readTar } from "../../archive/tar.ts";
import { tarBytes, type TarFile } from "../../archive/tar_writer.ts";
import { getArchive, putArchive } from "../../docker/archives.ts";
import type { Docker } from "../../docker/docker.ts";
import { SkiffError } from "../../errors/skiff_error.ts";
import type { AgentFile } from "./agent.ts";
import { mergeJson } from "./json_file.ts";

export interface HomeOwner {
  /** Absolute path inside. */
  home: string;
  uid: number;
  gid: number;
}

/** Merges settings into what the files have, and writes skiff's own. A file that says it all is left alone. */
export async function writeAgentFiles(
  docker: Docker,
  container: string,
  files: AgentFile[],
  owner: HomeOwner,
): Promise<void> {
  const items: TarFile[] = [];
  for (const file of files) {
    const content = file.format === "text"
      ? file.text
      : mergeJson(await readText(docker, container, `${owner.home}/${file.path}`), file.keys, file.force);
    if (content === undefined) continue;
    const mode = file.format === "text" ? file.mode ?? 0o644 : 0o600;
    items.push({ name: file.path, mode, uid: owner.uid, gid: owner.gid, content });
  }
  if (items.length === 0) return;
  const archive = await tarBytes([...foldersOf(items, owner), ...items]);
  await putArchive(docker, container, { path: owner.home, archive });
}

/** The folders above skiff's own files; those of volumes are there and keep their owner. */
function foldersOf(items: TarFile[], { uid, gid }: HomeOwner): TarFile[] {
  const folders = new Set(items.map(({ name }) => name.slice(0, name.lastIndexOf("/"))));
  return [...folders].filter((name) => name.startsWith(".skiff")).map((name) => ({
    name,
    type: "directory",
    mode: 0o755,
    uid,
    gid,
  }));
}

async function readText(docker: Docker, container: string, path: string): Promise<string | undefined> {
  try {
    const { archive } = await getArchive(docker, container, { path });
    for await (const entry of readTar(archive)) {
      if (entry.type !== "file") continue;
      return await new Response(ReadableStream.from(entry.content())).text();
    }
    return undefined;
  } catch (error) {
    if (error instanceof SkiffError && error.code === "not_found") return undefined;
    throw error;
  }
}

/** Files in and out of containers, as tar streams; the container need not run. */
import { SkiffError } from "../errors/skiff_error.ts";
import type { Abortable } from "./containers.ts";
import type { Docker } from "./docker.ts";

/** Bits of Go's os.FileMode, which the Engine writes modes with. */
const goDirectory = 0x80000000;
const goSymlink = 0x08000000;

export interface PathStat {
  name: string;
  /** Bytes. */
  size: number;
  /** Permission bits. */
  mode: number;
  type: "file" | "directory" | "symlink" | "other";
  mtime: string;
  linkTarget: string;
}

/** Unpacks a tar (plain, gzip, bzip2, xz) into the folder `path`, which must be there. */
export async function putArchive(
  docker: Docker,
  id: string,
  options: {
    path: string;
    archive: Uint8Array | AsyncIterable<Uint8Array>;
    /** Keeps the owner numbers of the archive. */
    copyOwners?: boolean;
    /** Refuses to put a file in a folder's place, or the other way round. */
    keepKinds?: boolean;
  } & Abortable,
): Promise<void> {
  await docker.call("PUT", `/containers/${encodeURIComponent(id)}/archive`, {
    query: { path: options.path, copyUIDGID: options.copyOwners, noOverwriteDirNonDir: options.keepKinds },
    headers: { "Content-Type": "application/x-tar" },
    body: options.archive,
    signal: options.signal,
    long: true,
  });
}

/** A tar of `path`, whose top entry has the path's last name. Throws "not_found". */
export async function getArchive(
  docker: Docker,
  id: string,
  { path, signal }: { path: string } & Abortable,
): Promise<{ stat: PathStat; archive: ReadableStream<Uint8Array<ArrayBuffer>> }> {
  const response = await docker.request("GET", `/containers/${encodeURIComponent(id)}/archive`, {
    query: { path },
    signal,
    long: true,
  });
  return { stat: parseStat(response.headers), archive: response.body! };
}

/** What is at `path`, itself and not where a link leads; undefined when there is nothing. */
export async function statArchive(
  docker: Docker,
  id: string,
  { path, signal }: { path: string } & Abortable,
): Promise<PathStat | undefined> {
  const target = `/containers/${encodeURIComponent(id)}/archive`;
  const response = await docker.request("HEAD", target, { query: { path }, signal, allow: [404] });
  if (response.status !== 404) return parseStat(response.headers);
  // An answer to HEAD has no body that would tell which of the two is missing.
  await docker.call("GET", `/containers/${encodeURIComponent(id)}/json`, { signal });
  return undefined;
}

function parseStat(headers: Headers): PathStat {
  const text = headers.get("x-docker-container-path-stat");
  if (text === null) throw new SkiffError("corrupt", "The Docker Engine did not say what the path is");
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const { name, size, mode, mtime, linkTarget } = JSON.parse(new TextDecoder().decode(bytes));
  const isDirectory = Math.floor(mode / goDirectory) % 2 === 1;
  const isSymlink = Math.floor(mode / goSymlink) % 2 === 1;
  const isRegular = mode < 0x01000000;
  const type = isDirectory ? "directory" : isSymlink ? "symlink" : isRegular ? "file" : "other";
  return { name, size, mode: mode % 0o1000, type, mtime, linkTarget };
}

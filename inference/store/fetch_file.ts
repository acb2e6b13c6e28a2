/**
 * Brings one file of a model into the blob store: downloads its parts, unpacks and joins them, checks the
 * digest, and only then gives it its name. One process does it at a time; the others watch and take over
 * when it dies. What is half there lies in `partial/<key>/` and is gone on with.
 */
import { createHash } from "node:crypto";
import { fileAccess } from "../../core/archive/random_access.ts";
import { readZipDirectory, readZipEntry, unpackZipEntry } from "../../core/archive/zip.ts";
import { interrupted, SkiffError } from "../../core/errors/skiff_error.ts";
import { download, writeAll } from "../../core/http/download.ts";
import type { RemoteFile, RemotePart } from "./source.ts";
import { chooseMember } from "./sources/pypi.ts";
import { moveDurably, type StoreFolder } from "./store_folder.ts";

export interface FetchOptions {
  signal?: AbortSignal;
  /** Bytes transferred so far, by this process or the one that is waited for. */
  onBytes?: (bytes: number) => void;
  onWarning?: (text: string) => void;
  retryDelaysMs?: readonly number[];
  stallMs?: number;
}

export interface FetchedFile {
  digest: string;
  size: number;
  /** It was in the store already. */
  cached: boolean;
}

/** Bytes that a file's download transfers. */
export function transferSize(file: RemoteFile): number {
  return file.parts.reduce((sum, { size }) => sum + size, 0);
}

/** The file, complete and verified in the blob store. Throws "network", "corrupt", "disk_full", "interrupted". */
export async function fetchFile(
  folder: StoreFolder,
  file: RemoteFile,
  options: FetchOptions = {},
): Promise<FetchedFile> {
  const stored = await storedFile(folder, file);
  if (stored) return stored;
  const key = keyOf(file);
  const work = folder.partial(key);
  const onWait = () => void partialBytes(work, file).then(options.onBytes).catch(() => {});
  const lock = await folder.lockPartial(key, { signal: options.signal, onWait });
  let done = false;
  try {
    const finished = await storedFile(folder, file) ?? await fetchLocked(folder, work, file, options);
    await Deno.remove(work, { recursive: true }).catch(() => {});
    done = true;
    return finished;
  } finally {
    await lock.release({ remove: done });
  }
}

async function storedFile(folder: StoreFolder, file: RemoteFile): Promise<FetchedFile | undefined> {
  if (file.digest === undefined || !await folder.hasBlob(file.digest, file.size)) return undefined;
  return { digest: file.digest, size: (await Deno.stat(folder.blob(file.digest))).size, cached: true };
}

/** The hex digest of the file, or one of what it is made of: the same for every process that wants it. */
export function keyOf(file: RemoteFile): string {
  if (file.digest) return file.digest.replace("sha256:", "");
  const identities = file.parts.map(({ range }) => range.identity);
  return createHash("sha256").update(JSON.stringify(identities)).digest("hex");
}

async function partialBytes(work: string, file: RemoteFile): Promise<number> {
  let sum = 0;
  for (let i = 0; i < file.parts.length; i++) {
    sum += (await Deno.stat(`${work}/${i}`).catch(() => undefined))?.size ?? 0;
  }
  return sum;
}

/** Downloads, and once more from the start when what an earlier download left turns out damaged. */
async function fetchLocked(
  folder: StoreFolder,
  work: string,
  file: RemoteFile,
  options: FetchOptions,
): Promise<FetchedFile> {
  while (true) {
    const attempt = { resumed: false };
    try {
      await Deno.mkdir(work, { recursive: true });
      await folder.requireFree(await bytesToWrite(work, file), file.name);
      const { path, digest } = await bringParts(work, file, options, attempt);
      const { size } = await Deno.stat(path);
      const isRight = (file.digest ?? digest) === digest && (file.size ?? size) === size;
      if (!isRight) throw wrongContent(file, digest, size);
      await moveDurably(path, folder.blob(digest));
      return { digest, size, cached: false };
    } catch (error) {
      if (!(error instanceof SkiffError && error.code === "corrupt")) {
        throw await folder.writeError(error, await bytesToWrite(work, file), file.name);
      }
      await Deno.remove(work, { recursive: true });
      if (!attempt.resumed) throw error;
      options.onWarning?.(`What an earlier download left of ${file.name} is damaged; starting over`);
    }
  }
}

function wrongContent(file: RemoteFile, digest: string, size: number): SkiffError {
  return new SkiffError("corrupt", `Cannot use ${file.name}: what came is not what was announced`, {
    hint: "The source or something on the way to it has changed the file; nothing of it was kept.",
    details: { expected: file.digest, found: digest, expected_size: file.size, found_size: size },
  });
}

/** What is still to be written: the rest of the parts, and the joined file when it is not itself a part. */
async function bytesToWrite(work: string, file: RemoteFile): Promise<number> {
  const rest = Math.max(0, transferSize(file) - await partialBytes(work, file));
  return isPlain(file) ? rest : rest + (file.size ?? transferSize(file));
}

/** One part that needs no unpacking is the file. */
function isPlain(file: RemoteFile): boolean {
  return file.parts.length === 1 && file.parts[0].unpack === undefined;
}

/** Fills the work folder. Gives the path of the finished file and its digest, not yet compared. */
async function bringParts(
  work: string,
  file: RemoteFile,
  options: FetchOptions,
  attempt: { resumed: boolean },
): Promise<{ path: string; digest: string }> {
  let before = 0;
  let digest = "";
  for (const [i, part] of file.parts.entries()) {
    const result = await download(part.range, `${work}/${i}`, {
      signal: options.signal,
      onBytes: (bytes) => options.onBytes?.(before + bytes),
      onRetry: options.onWarning,
      retryDelaysMs: options.retryDelaysMs,
      stallMs: options.stallMs,
    });
    before += result.bytes;
    attempt.resumed ||= result.resumed;
    digest = `sha256:${result.sha256}`;
    const stated = part.unpack?.kind === "archive" ? part.unpack.digest : undefined;
    if (stated && stated !== digest) throw wrongContent({ ...file, digest: stated }, digest, result.bytes);
  }
  if (isPlain(file)) return { path: `${work}/0`, digest };
  return { path: `${work}/joined`, digest: await join(work, file.parts, options.signal) };
}

/** Unpacks the parts one after the other into `joined`; gives its digest. */
async function join(work: string, parts: RemotePart[], signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  using out = await Deno.open(`${work}/joined`, { create: true, write: true, truncate: true });
  for (const [i, part] of parts.entries()) {
    for await (const piece of unpacked(`${work}/${i}`, part)) {
      if (signal?.aborted) throw interrupted(signal.reason);
      hash.update(piece);
      await writeAll(out, piece);
    }
  }
  await out.sync();
  return `sha256:${hash.digest("hex")}`;
}

async function* unpacked(path: string, { unpack }: RemotePart): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  using source = await fileAccess(path);
  if (unpack === undefined) yield* source.read(0, source.size);
  else if (unpack.kind === "member") yield* unpackZipEntry(source.read(0, source.size), unpack);
  else yield* readZipEntry(source, chooseMember(await readZipDirectory(source), { path: unpack.member }));
}

/**
 * Puts a set of an engine's files into the user's cache, and proves before every load that what lies there is
 * what was pinned: code that is loaded into the process comes from the executable or the package registry, is
 * checked by hash, and lies in a folder that only the user can write.
 */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { readAsset } from "../../../core/assets/assets.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { skiffPaths } from "../../../core/paths/paths.ts";
import { downloadPackage, type DownloadProgress } from "./download.ts";
import { fileAsset, type FileSet, type PackageFile } from "./npm_package.ts";

export interface InstallOptions {
  /** Where the sets lie; default `native` in the cache. */
  root?: string;
  /** npm registry; default `npm_config_registry` or npm's own. */
  registry?: string;
  /** Called while a package is downloaded. */
  onProgress?: (progress: DownloadProgress) => void;
  signal?: AbortSignal;
}

/**
 * The folder with exactly the files of the set, each verified by its SHA-256. What is missing or differs is
 * unpacked from the executable, else downloaded; what does not belong there is removed (ggml loads every
 * library that it finds in the folder). Several processes may do this at once.
 *
 * Throws "network" when a package cannot be had, "corrupt" when it is not the pinned one, "forbidden" when the
 * folder belongs to somebody else, "disk_full".
 */
export async function installFiles(set: FileSet, options: InstallOptions = {}): Promise<string> {
  const root = options.root ?? `${skiffPaths().cache}/native`;
  const folder = `${root}/${set.name}`;
  await privateFolder(root);
  await privateFolder(folder);
  const missing = set.files.filter((file) => !isIntact(`${folder}/${file.name}`, file));
  const toDownload = [];
  for (const file of missing) {
    const packed = await readAsset(fileAsset(file));
    if (packed === undefined) toDownload.push(file);
    else await place(folder, file, gunzipSync(packed));
  }
  for (const row of new Set(toDownload.map((file) => file.package))) {
    const files = toDownload.filter((file) => file.package === row);
    for await (const { file, content } of downloadPackage(row, files, folder, options)) {
      await place(folder, file, content);
    }
  }
  await removeStrangers(folder, set);
  return folder;
}

/** Makes the folder with mode 0700, and refuses one that others could have written to. */
async function privateFolder(path: string): Promise<void> {
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  if (Deno.build.os === "windows") return; // its profile folders are private to the user by inheritance
  const info = await Deno.lstat(path);
  if (!info.isDirectory || info.uid !== Deno.uid()) {
    throw new SkiffError(
      "forbidden",
      `Cannot use "${path}" for native libraries: it is not your own folder`,
      {
        hint: "Remove it, or set SKIFF_HOME or XDG_CACHE_HOME to a folder of your own.",
      },
    );
  }
  if ((info.mode! & 0o077) !== 0) await Deno.chmod(path, 0o700);
}

/** Whether the path is a regular file of the user's with the pinned content. */
function isIntact(path: string, file: PackageFile): boolean {
  try {
    const info = Deno.lstatSync(path);
    if (!info.isFile || info.size !== file.bytes) return false;
    if (Deno.build.os !== "windows") {
      if (info.uid !== Deno.uid() || (info.mode! & 0o022) !== 0 || info.nlink !== 1) return false;
    }
    return fileDigest(path) === file.sha256;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Writes a library beside its place, then moves it there in one step; another process may do the same. */
async function place(folder: string, file: PackageFile, content: Uint8Array): Promise<void> {
  if (content.length !== file.bytes || sha256(content) !== file.sha256) {
    throw new SkiffError(
      "corrupt",
      `The file ${file.name} is not the one that this version was built for`,
      {
        hint: "Download skiff again; if a package mirror is in use, it serves altered packages.",
      },
    );
  }
  const target = `${folder}/${file.name}`;
  const temporary = `${folder}/.${crypto.randomUUID()}.part`;
  try {
    using out = await Deno.open(temporary, { write: true, createNew: true, mode: 0o600 });
    for (let at = 0; at < content.length;) at += await out.write(content.subarray(at));
    await out.syncData();
    if ((await Deno.lstat(target).catch(() => undefined))?.isDirectory) {
      await Deno.remove(target, { recursive: true });
    }
    await Deno.rename(temporary, target);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

/** Parts that a killed process left are removed after an hour; until then they may be in the making. */
const partLifeMs = 60 * 60 * 1000;

async function removeStrangers(folder: string, set: FileSet): Promise<void> {
  const listed = new Set(set.files.map((file) => file.name));
  for await (const { name } of Deno.readDir(folder)) {
    if (listed.has(name)) continue;
    const path = `${folder}/${name}`;
    if (/^\.[0-9a-f-]{36}\.part$/.test(name)) {
      const written = (await Deno.lstat(path).catch(() => undefined))?.mtime?.getTime() ?? Date.now();
      if (Date.now() - written < partLifeMs) continue;
    }
    await Deno.remove(path, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

/** One buffer for all files: taking fresh memory for each costs as much as the hashing. */
const readBuffer = new Uint8Array(1024 * 1024);

function fileDigest(path: string): string {
  const hash = createHash("sha256");
  using file = Deno.openSync(path);
  for (let read = file.readSync(readBuffer); read !== null; read = file.readSync(readBuffer)) {
    hash.update(readBuffer.subarray(0, read));
  }
  return hash.digest("hex");
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

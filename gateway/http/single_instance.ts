/**
 * One server a home. Who starts or ends holds the start lock, so that nobody removes a socket that another
 * one has just made; whether a server lives is what its socket says. The system frees locks of the killed.
 */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { socketIsLive } from "../../core/process/unix_socket.ts";
import type { ServerFiles } from "../endpoint.ts";

export { removeOwnSocket, socketIdentity, socketIsLive } from "../../core/process/unix_socket.ts";

/** Runs `work` while no other process of this home starts or ends a server. */
export async function underStartLock<T>(files: ServerFiles, work: () => T | Promise<T>): Promise<T> {
  const lock = await Deno.open(files.startLock, { create: true, write: true });
  try {
    await lock.lock(true);
    return await work();
  } finally {
    lock.close();
  }
}

/** Makes the server's folders, for the user alone. Throws "forbidden" when another user owns the socket's. */
export function prepareFolders(files: ServerFiles): void {
  const folders = [files.startLock, ...(files.socket ? [files.socket] : [])].map(folderOf);
  for (const folder of new Set(folders)) {
    makeFolder(folder);
    if (Deno.build.os === "windows") continue;
    const { uid, isDirectory } = Deno.lstatSync(folder);
    if (uid !== Deno.uid() || !isDirectory) {
      throw new SkiffError("forbidden", `The folder ${folder} belongs to another user`, {
        hint: "Remove it, or set SKIFF_HOME to a folder of your own.",
      });
    }
    Deno.chmodSync(folder, 0o700);
  }
}

function makeFolder(folder: string): void {
  try {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new SkiffError("forbidden", `Cannot make the folder ${folder}`, {
      hint: "Set SKIFF_HOME to a folder that you can write to.",
      cause,
    });
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** Frees the place for a new socket. Throws "conflict" when a server listens there. */
export async function clearStaleSocket(path: string): Promise<void> {
  if (await socketIsLive(path)) {
    throw new SkiffError("conflict", "A skiff server is running already", {
      hint: "Use it as it is, or end it with `skiff stop` first.",
      details: { running: true },
    });
  }
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Holds the life lock until closed; who waits for the server's end waits for this lock. */
export function holdLifeLock(files: ServerFiles): Deno.FsFile {
  const lock = Deno.openSync(files.lifeLock, { create: true, write: true });
  lock.lock(true).catch(() => {}); // waits in vain only when the file is closed before it got the lock
  return lock;
}

/** Resolves when no server holds the life lock. */
export async function lifeEnded(files: ServerFiles): Promise<void> {
  let lock: Deno.FsFile;
  try {
    lock = await Deno.open(files.lifeLock, { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  try {
    await lock.lock(false);
  } finally {
    lock.close();
  }
}

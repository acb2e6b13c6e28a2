/**
 * Changing a text file that belongs to somebody else as well (Docker's toolkit, an MCP client, a person with
 * an editor): never half-written, through links, with its mode, its byte order mark and its line ends.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { absolutePath } from "../../../core/paths/path_rules.ts";
import { skiffPaths } from "../../../core/paths/paths.ts";

export interface EditOptions {
  env: { get(name: string): string | undefined };
  /** Of a file that is made; an existing one keeps its own. Default 0o644. */
  mode?: number;
  /** Keeps the old text before the file is changed, where `backupPath` says. */
  backup?: BackupKind;
}

/** Beside the file, or apart from it where it would be in the way: a project's folder, which is in version control. */
export type BackupKind = "beside" | "apart";

/** Where the text of a file is kept as it was before skiff's last change. */
export async function backupPath(
  path: string,
  { env, backup }: { env: EditOptions["env"]; backup: BackupKind },
): Promise<string> {
  const target = await realTarget(absolutePath(path, Deno.cwd()));
  if (backup === "beside") return `${target}.skiff-backup`;
  const name = target.slice(Math.max(target.lastIndexOf("/"), target.lastIndexOf("\\")) + 1);
  return `${skiffPaths(env).state}/backups/${await shortDigest(target)}-${name}`;
}

/** A part that is older is nobody's any longer. */
const longestWriteMs = 60_000;

/** The text of a file without byte order mark, undefined when there is no such file. Throws "invalid_input" when it is no UTF-8. */
export async function readText(path: string): Promise<string | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw fileError(path, "read", error);
  }
  return decoded(bytes, path);
}

/**
 * Replaces the text of a file by what `change` makes of it (line ends are \n there, unless the file has both kinds;
 * undefined: no file). When it gives the same text or undefined nothing is written; null removes the file. Editors of
 * skiff take turns; when any other program wrote in between, `change` is asked again. True when the file was
 * written. Throws "forbidden" for a read-only file, and whatever `change` throws.
 */
export async function editFile(
  path: string,
  change: (text: string | undefined) => string | null | undefined | Promise<string | null | undefined>,
  options: EditOptions,
): Promise<boolean> {
  const target = await realTarget(absolutePath(path, Deno.cwd()));
  using lock = await openLock(target, options).catch((error) => {
    throw fileError(path, "write", error);
  });
  await lock.lock(true);
  for (let tries = 0; tries < 20; tries++) {
    const before = await readBytes(target);
    const old = before && decoded(before, path);
    const crlf = old !== undefined && /\r\n/.test(old) && !/(?<!\r)\n/.test(old);
    const plain = crlf ? old.replaceAll("\r\n", "\n") : old;
    const changed = await change(plain);
    if (changed === undefined || changed === plain || (changed === null && !before)) return false;
    const mark = before && hasMark(before) ? "\uFEFF" : "";
    const text = changed === null ? null : mark + (crlf ? changed.replaceAll("\n", "\r\n") : changed);
    if (await replace({ path, target, before, text }, options)) return true;
  }
  throw new SkiffError("conflict", `${path} is changed by another program all the time`, {
    hint: "End that program, then try again.",
  });
}

interface Replacement {
  path: string;
  target: string;
  before?: Uint8Array;
  /** null: no file. */
  text: string | null;
}

/** Writes beside the place and moves there. False when somebody else has changed the file since `before`. */
async function replace(
  { path, target, before, text }: Replacement,
  { mode = 0o644, backup, env }: EditOptions,
): Promise<boolean> {
  const info = await Deno.stat(target).catch(() => undefined);
  if (info?.mode != null && Deno.build.os !== "windows" && (info.mode & 0o222) === 0) {
    throw new SkiffError("forbidden", `${path} is read-only`, { hint: "Make it writable, then try again." });
  }
  const folder = folderOf(target);
  const part = `${target}.${crypto.randomUUID().slice(0, 8)}.part`;
  try {
    if (text === null) {
      if (!same(await readBytes(target), before)) return false;
      await Deno.remove(target);
      return true;
    }
    await Deno.mkdir(folder, { recursive: true, mode: mode === 0o600 ? 0o700 : undefined });
    await removeLeftParts(folder, target);
    await writeSynced(part, text, (info?.mode ?? mode) & 0o7777);
    if (info && Deno.build.os !== "windows" && info.uid !== Deno.uid()) {
      await Deno.chown(part, info.uid, info.gid);
    }
    if (!same(await readBytes(target), before)) return false;
    if (backup && before) {
      await keepBackup(await backupPath(target, { env, backup }), before, info?.mode ?? mode);
    }
    await Deno.rename(part, target);
    await syncFolder(folder);
    return true;
  } catch (error) {
    throw fileError(path, "write", error);
  } finally {
    await Deno.remove(part).catch(() => {});
  }
}

/** What writers left that were killed before they could rename it; those that still write are younger. */
async function removeLeftParts(folder: string, target: string): Promise<void> {
  const start = `${target.slice(folder.length).replace(/^[/\\]/, "")}.`;
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.startsWith(start) || !/^[0-9a-f]{8}\.part$/.test(name.slice(start.length))) continue;
    const left = `${folder}/${name}`;
    const written = (await Deno.stat(left).catch(() => undefined))?.mtime?.getTime() ?? Infinity;
    if (Date.now() - written > longestWriteMs) await Deno.remove(left).catch(() => {});
  }
}

async function writeSynced(part: string, text: string, mode: number): Promise<void> {
  using out = await Deno.open(part, { write: true, createNew: true, mode: 0o600 });
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await out.write(bytes.subarray(at));
  await out.syncData();
  if (Deno.build.os !== "windows") await Deno.chmod(part, mode);
}

/** A power cut must not bring the old file back: it may hold a token that was good for one use. */
async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  try {
    using opened = await Deno.open(folder || "/");
    await opened.sync();
  } catch { /* not all file systems can */ }
}

/** What the file was before skiff's last change. It may hold secrets, so it is as private as the file. */
async function keepBackup(backup: string, before: Uint8Array, mode: number): Promise<void> {
  await Deno.mkdir(backup.slice(0, Math.max(backup.lastIndexOf("/"), backup.lastIndexOf("\\"))), {
    recursive: true,
    mode: 0o700,
  });
  await Deno.remove(backup).catch(() => {});
  await Deno.writeFile(backup, before, { mode: mode & 0o777 });
}

async function readBytes(path: string): Promise<Uint8Array | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw fileError(path, "read", error);
  }
}

/** Where a link leads, so that the link stays one; a link to a file that is not there yet included. */
async function realTarget(path: string): Promise<string> {
  let at = path;
  for (let steps = 0; steps < 40; steps++) {
    const link = await Deno.readLink(at).catch(() => undefined);
    if (link === undefined) return at;
    at = absolutePath(link, folderOf(at));
  }
  throw new SkiffError("invalid_input", `${path} is a link that leads to itself`, {
    hint: "Remove the link.",
  });
}

const folderOf = (path: string) =>
  path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"))) || "/";

/**
 * Locks lie in a folder of skiff's own: the folders of other programs stay as they are. It is the same for all of a
 * user's processes: clients start gateways without XDG_RUNTIME_DIR.
 */
async function openLock(target: string, { env }: EditOptions): Promise<Deno.FsFile> {
  const folder = `${skiffPaths(env).state}/file-locks`;
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  return await Deno.open(`${folder}/${await shortDigest(target)}`, { create: true, write: true });
}

async function shortDigest(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest, 0, 12).toHex();
}

function decoded(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const utf16 = bytes.length > 1 && (bytes[0] ^ bytes[1]) === 1 && bytes[0] >= 0xfe;
    throw new SkiffError("invalid_input", `${path} is ${utf16 ? "UTF-16" : "no UTF-8 text"}`, {
      hint: "Save it as UTF-8.",
      cause,
    });
  }
}

const hasMark = (bytes: Uint8Array) => bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a?.length === b?.length && (!a || a.every((byte, i) => byte === b![i]));
}

/** What the system says of a file, as people read it; what is not known is given back as it is. */
export function fileError(path: string, what: "read" | "write", cause: unknown): unknown {
  if (cause instanceof SkiffError) return cause;
  if (cause instanceof Deno.errors.PermissionDenied) {
    return new SkiffError("forbidden", `Cannot ${what} ${path}: permission denied`, {
      hint: "Check who owns it.",
      cause,
    });
  }
  if (/read-only file system|os error 30\b/i.test(String(cause))) {
    return new SkiffError("forbidden", `Cannot ${what} ${path}: the file system is read-only`, { cause });
  }
  if (/no space left on device|os error 28\b|quota exceeded/i.test(String(cause))) {
    return new SkiffError("disk_full", `Cannot write ${path}: there is no space left on its disk`, {
      hint: "The file is as it was. Free some space, then try again.",
      cause,
    });
  }
  if (cause instanceof Deno.errors.NotADirectory) {
    return new SkiffError("invalid_input", `Cannot ${what} ${path}: what should be its folder is a file`, {
      hint: "Move that file away.",
      cause,
    });
  }
  if (cause instanceof Deno.errors.IsADirectory || /is a directory/i.test(String(cause))) {
    return new SkiffError("invalid_input", `${path} is a folder`, { hint: "Move it away.", cause });
  }
  return cause;
}

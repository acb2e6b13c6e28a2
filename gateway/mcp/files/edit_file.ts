/**
 * Changing a text file that belongs to somebody else as well (Docker's toolkit, an MCP client, a person with
 * an editor): never half-written, through links, with its mode, its byte order mark and its line ends.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { skiffPaths } from "../../../core/paths/paths.ts";

export interface EditOptions {
  env: { get(name: string): string | undefined };
  /** Of a file that is made; an existing one keeps its own. Default 0o644. */
  mode?: number;
  /** Keeps the old text in `<file>.skiff-backup` before the file is changed. */
  backup?: boolean;
}

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
 * Replaces the text of a file by what `change` makes of it (line ends are \n there, undefined: no file). When
 * it gives the same text or undefined nothing is written. Editors of skiff take turns; when any other program
 * wrote in between, `change` is asked again. True when the file was written. Throws "forbidden" for a
 * read-only file, and whatever `change` throws.
 */
export async function editFile(
  path: string,
  change: (text: string | undefined) => string | undefined | Promise<string | undefined>,
  options: EditOptions,
): Promise<boolean> {
  const target = await realTarget(path);
  using lock = await openLock(target, options);
  await lock.lock(true);
  for (let tries = 0; tries < 20; tries++) {
    const before = await readBytes(target);
    const old = before && decoded(before, path);
    const crlf = old?.includes("\r\n") ?? false;
    const changed = await change(old?.replaceAll("\r\n", "\n"));
    if (changed === undefined || changed === old?.replaceAll("\r\n", "\n")) return false;
    const mark = before && hasMark(before) ? "\uFEFF" : "";
    const text = mark + (crlf ? changed.replaceAll("\n", "\r\n") : changed);
    if (await replace({ path, target, before, text }, options)) return true;
  }
  throw new SkiffError("conflict", `${path} is changed by another program all the time`, {
    hint: "End that program, then try again.",
  });
}

/** Writes beside the place and moves there. False when somebody else has changed the file since `before`. */
async function replace(
  { path, target, before, text }: { path: string; target: string; before?: Uint8Array; text: string },
  { mode = 0o644, backup }: EditOptions,
): Promise<boolean> {
  const info = await Deno.stat(target).catch(() => undefined);
  if (info?.mode != null && Deno.build.os !== "windows" && (info.mode & 0o222) === 0) {
    throw new SkiffError("forbidden", `${path} is read-only`, { hint: "Make it writable, then try again." });
  }
  const folder = target.slice(0, Math.max(target.lastIndexOf("/"), target.lastIndexOf("\\")));
  const part = `${target}.${crypto.randomUUID().slice(0, 8)}.part`;
  try {
    await Deno.mkdir(folder, { recursive: true, mode: mode === 0o600 ? 0o700 : undefined });
    await writeSynced(part, text, (info?.mode ?? mode) & 0o7777);
    if (info && Deno.build.os !== "windows" && info.uid !== Deno.uid()) {
      await Deno.chown(part, info.uid, info.gid);
    }
    if (!same(await readBytes(target), before)) return false;
    if (backup && before) await keepBackup(target, before, info?.mode ?? mode);
    await Deno.rename(part, target);
    return true;
  } catch (error) {
    throw fileError(path, "write", error);
  } finally {
    await Deno.remove(part).catch(() => {});
  }
}

async function writeSynced(part: string, text: string, mode: number): Promise<void> {
  using out = await Deno.open(part, { write: true, createNew: true, mode: 0o600 });
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await out.write(bytes.subarray(at));
  await out.syncData();
  if (Deno.build.os !== "windows") await Deno.chmod(part, mode);
}

/** What the file was before skiff's last change. It may hold secrets, so it is as private as the file. */
async function keepBackup(target: string, before: Uint8Array, mode: number): Promise<void> {
  const backup = `${target}.skiff-backup`;
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
    at = /^([/\\]|[A-Za-z]:)/.test(link) ? link : `${at.slice(0, at.lastIndexOf("/"))}/${link}`;
  }
  throw new SkiffError("invalid_input", `${path} is a link that leads to itself`, {
    hint: "Remove the link.",
  });
}

/** Locks lie in a folder of skiff's own: the folders of other programs stay as they are. */
async function openLock(target: string, { env }: EditOptions): Promise<Deno.FsFile> {
  const folder = `${skiffPaths(env).runtime}/file-locks`;
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(target));
  const name = Array.from(new Uint8Array(digest, 0, 12), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
  return await Deno.open(`${folder}/${name}`, { create: true, write: true });
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

function fileError(path: string, what: "read" | "write", cause: unknown): unknown {
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
  if (cause instanceof Deno.errors.IsADirectory || /is a directory/i.test(String(cause))) {
    return new SkiffError("invalid_input", `${path} is a folder`, { hint: "Move it away.", cause });
  }
  return cause;
}

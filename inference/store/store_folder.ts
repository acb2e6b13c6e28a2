/**
 * The store's folder: where things lie, and writing that a crash cannot leave half done.
 *
 *     layout.json                version of this layout
 *     models.json                the index: which models there are, under which tags
 *     manifests/sha256/<hex>     OCI manifests; the digest is the model's id
 *     blobs/sha256/<hex>         configs and layers, complete and verified
 *     partial/<key>/             a file that is being fetched; only the holder of its lock writes there
 *     locks/                     files that processes lock
 *     tmp/                       written only under the index's lock
 */
import { SkiffError, toSkiffError } from "../../core/errors/skiff_error.ts";
import { decimalSize } from "../../core/format/byte_size.ts";
import { FileLock, type LockOptions } from "./file_lock.ts";

const layoutVersion = "1.0.0";

export class StoreFolder {
  constructor(readonly path: string) {}

  get index(): string {
    return `${this.path}/models.json`;
  }

  manifest(id: string): string {
    return `${this.path}/manifests/sha256/${hexOf(id)}`;
  }

  blob(digest: string): string {
    return `${this.path}/blobs/sha256/${hexOf(digest)}`;
  }

  partial(key: string): string {
    return `${this.path}/partial/${key}`;
  }

  /** Makes the folders. Throws "unsupported" when a newer skiff has changed the layout. */
  async prepare(): Promise<void> {
    for (const name of ["manifests/sha256", "blobs/sha256", "partial", "locks", "tmp"]) {
      await Deno.mkdir(`${this.path}/${name}`, { recursive: true });
    }
    const file = `${this.path}/layout.json`;
    const text = await readTextIfAny(file);
    if (text === undefined) {
      await using _lock = await this.lockIndex();
      return await this.replace(file, JSON.stringify({ version: layoutVersion }));
    }
    const version = /"version"\s*:\s*"(\d+)\./.exec(text)?.[1];
    if (version !== undefined && version !== layoutVersion.split(".")[0]) {
      throw new SkiffError("unsupported", `Cannot use ${this.path}: its layout is of version ${version}`, {
        hint: "It was written by a newer skiff; update this one, or use another folder.",
      });
    }
  }

  lockIndex(options?: LockOptions): Promise<FileLock> {
    return FileLock.acquire(`${this.path}/locks/index`, options);
  }

  /** The lock of one file that is being fetched. */
  lockPartial(key: string, options: LockOptions): Promise<FileLock> {
    return FileLock.acquire(`${this.path}/locks/${key}`, options);
  }

  /** Whether the blob is there in this size. */
  async hasBlob(digest: string, size?: number): Promise<boolean> {
    const stat = await Deno.stat(this.blob(digest)).catch(() => undefined);
    return stat?.isFile === true && (size === undefined || stat.size === size);
  }

  /** Puts a small file in place at once and for good. Only under the index's lock. */
  async replace(path: string, content: string | Uint8Array): Promise<void> {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const temporary = `${this.path}/tmp/${crypto.randomUUID()}`;
    try {
      await Deno.writeFile(temporary, bytes);
      await syncPath(temporary);
      await moveDurably(temporary, path);
    } catch (error) {
      await Deno.remove(temporary).catch(() => {});
      throw await this.writeError(error, bytes.length);
    }
  }

  /** Bytes that can still be written here; undefined where the system does not say. */
  async freeBytes(): Promise<number | undefined> {
    const { statfs } = await import("node:fs/promises");
    const stat = await statfs(this.path).catch(() => undefined);
    return stat && stat.bavail * stat.bsize;
  }

  /** Throws "disk_full" when `bytes` more do not fit. */
  async requireFree(bytes: number, what: string): Promise<void> {
    const free = await this.freeBytes();
    if (free !== undefined && free < bytes) throw diskFull(this.path, what, bytes, free);
  }

  /** A failed write as an error for people: a full disk says what was needed and what is free. */
  async writeError(error: unknown, needed: number, what = "the model"): Promise<SkiffError> {
    const wrapped = toSkiffError(error);
    const noRoom = wrapped.code === "disk_full" ||
      /os error (27|122)\b|EFBIG|EDQUOT|quota|too large/i.test(wrapped.message);
    if (error instanceof SkiffError || !noRoom) return wrapped;
    return diskFull(this.path, what, needed, await this.freeBytes(), error);
  }
}

function diskFull(folder: string, what: string, needed: number, free: number | undefined, cause?: unknown) {
  const room = free === undefined ? "" : `, ${decimalSize(free)} is free`;
  return new SkiffError(
    "disk_full",
    `No space for ${what} in ${folder}: ${decimalSize(needed)} is needed${room}`,
    {
      hint:
        "Free some space (`skiff model df` shows what models use, `skiff model rm` removes one), then try again.",
      cause,
      details: { needed_bytes: needed, free_bytes: free },
    },
  );
}

export function hexOf(digest: string): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex === undefined) throw new SkiffError("corrupt", `"${digest}" is no sha256 digest`);
  return hex;
}

export async function readTextIfAny(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function syncPath(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true });
  await file.sync();
}

/** Renames, and makes the new name itself durable where folders can be synced. */
export async function moveDurably(from: string, to: string): Promise<void> {
  await Deno.rename(from, to);
  if (Deno.build.os === "windows") return;
  using folder = await Deno.open(to.slice(0, to.lastIndexOf("/")), { read: true });
  await folder.sync().catch(() => {}); // some file systems do not sync folders
}

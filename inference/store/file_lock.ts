/** A lock between processes, held through an open file: the system frees it when its holder dies. */
import { SkiffError } from "../../core/errors/skiff_error.ts";

export interface LockOptions {
  signal?: AbortSignal;
  /** Called now and then while another holder has it. */
  onWait?: () => void;
}

const waitMs = 200;

export class FileLock implements AsyncDisposable {
  private constructor(readonly path: string, readonly file: Deno.FsFile) {}

  /** Waits until nobody else holds the lock of this path. Throws "interrupted" when the signal fires first. */
  static async acquire(path: string, options: LockOptions = {}): Promise<FileLock> {
    while (true) {
      const file = await Deno.open(path, { create: true, write: true });
      await lockOrAbort(file, options);
      if (await isStill(file, path)) return new FileLock(path, file);
      file.close(); // its holder removed it before letting go
    }
  }

  /** Lets go; with `remove` the lock's file goes too, for locks of things that are done with. */
  async release({ remove = false } = {}): Promise<void> {
    if (remove && Deno.build.os !== "windows") await Deno.remove(this.path).catch(() => {});
    this.file.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

/** `FsFile.lock` cannot be called off: when the signal fires first, the file is closed once it is ours. */
async function lockOrAbort(file: Deno.FsFile, { signal, onWait }: LockOptions): Promise<void> {
  const locked = file.lock(true);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new SkiffError("interrupted", "Interrupted", { cause: signal?.reason }));
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  const timer = onWait && setInterval(onWait, waitMs);
  try {
    await Promise.race([locked, aborted]);
  } catch (error) {
    locked.then(() => file.close(), () => file.close());
    throw error;
  } finally {
    clearInterval(timer);
    signal?.removeEventListener("abort", abort);
  }
}

async function isStill(file: Deno.FsFile, path: string): Promise<boolean> {
  const mine = await file.stat();
  if (mine.ino === null) return true; // Windows: lock files are never removed there
  const current = await Deno.stat(path).catch(() => undefined);
  return current?.ino === mine.ino && current.dev === mine.dev;
}

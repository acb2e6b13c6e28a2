/** Where the bytes of a GGUF come from. The parser asks for ranges and never for the whole. */
import { SkiffError } from "../../core/errors/skiff_error.ts";

export interface ByteSource {
  /** What people call it; in every error. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /**
   * Fills `target` with the bytes from `offset`; resolves to how many there were, fewer only where the
   * source ends.
   */
  read(offset: number, target: Uint8Array): Promise<number>;
}

/** A source over bytes in memory. */
export function bytesSource(bytes: Uint8Array, path = "GGUF"): ByteSource {
  return {
    path,
    size: bytes.length,
    read(offset, target) {
      const part = bytes.subarray(offset, offset + target.length);
      target.set(part);
      return Promise.resolve(part.length);
    },
  };
}

export interface FileSource extends ByteSource, AsyncDisposable {
  close(): void;
}

/**
 * A source over a file, read by ranges; dispose of it when done.
 * @throws {SkiffError} "not_found" when there is no such file, "invalid_input" when it is a folder.
 */
export async function fileSource(path: string): Promise<FileSource> {
  const file = await Deno.open(path).catch((cause) => {
    if (cause instanceof Deno.errors.NotFound) {
      throw new SkiffError("not_found", `There is no file ${path}`, { cause });
    }
    throw cause;
  });
  const { size, isFile } = await file.stat();
  if (!isFile) {
    file.close();
    throw new SkiffError("invalid_input", `${path} is not a file`);
  }
  return {
    path,
    size,
    async read(offset, target) {
      await file.seek(offset, Deno.SeekMode.Start);
      let filled = 0;
      while (filled < target.length) {
        const count = await file.read(target.subarray(filled));
        if (count === null) break;
        filled += count;
      }
      return filled;
    },
    close: () => file.close(),
    [Symbol.asyncDispose]() {
      file.close();
      return Promise.resolve();
    },
  };
}

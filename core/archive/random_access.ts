/** Bytes that can be read anywhere: a file here, or a file behind HTTP ranges (core/http/ranges.ts). */
export interface RandomAccess {
  /** Bytes of the whole. */
  readonly size: number;
  /** The bytes of [from, to), in pieces, in order; fewer only by throwing. */
  read(from: number, to: number): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

const pieceBytes = 256 * 1024;

/** An open file as random access; several reads may run at once. The caller closes the file after the last. */
export async function fileAccess(path: string): Promise<RandomAccess & Disposable> {
  const { open } = await import("node:fs/promises");
  const file = await open(path);
  const { size } = await file.stat();
  return {
    size,
    async *read(from, to) {
      for (let at = from; at < to;) {
        const buffer = new Uint8Array(Math.min(pieceBytes, to - at));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
        if (bytesRead === 0) throw new Deno.errors.UnexpectedEof(`${path} ends at ${at}`);
        yield buffer.subarray(0, bytesRead);
        at += bytesRead;
      }
    },
    [Symbol.dispose]: () => void file.close(),
  };
}

/** The bytes of [from, to) in one array. */
export async function readRange(
  source: RandomAccess,
  from: number,
  to: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(to - from);
  let at = 0;
  for await (const piece of source.read(from, to)) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

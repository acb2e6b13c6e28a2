/** The pieces of a byte stream, read into one buffer for all of them: a stream by itself makes 64 KiB for each. */

const bufferBytes = 64 * 1024;

/** Each piece is the taker's own. Reads no faster than they are taken; throws what the stream fails with. */
export async function* bytePieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = byteReader(source);
  if (!reader) return yield* source;
  let buffer = new ArrayBuffer(bufferBytes);
  try {
    for (;;) {
      const { value, done } = await reader.read(new Uint8Array(buffer));
      if (done) return;
      buffer = value.buffer;
      yield value.slice();
    }
  } finally {
    await reader.cancel().catch(() => {}); // it has ended, or nobody wants the rest
  }
}

/** Undefined where the source cannot read into a buffer that it is given. */
function byteReader(source: AsyncIterable<Uint8Array>): ReadableStreamBYOBReader | undefined {
  if (!(source instanceof ReadableStream)) return undefined;
  try {
    return source.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

/** Standard input. */
export async function* standardInput(): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(bufferBytes);
  for (;;) {
    const count = await Deno.stdin.read(buffer);
    if (count === null) return;
    yield buffer.slice(0, count);
  }
}

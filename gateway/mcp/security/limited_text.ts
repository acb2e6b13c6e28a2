/** What somebody else says, as far as it is not too much. */

/** Throws when there are more than `most` bytes; the source is cancelled then. */
export async function limitedText(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  most: number,
): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of source) {
    length += piece.length;
    if (length > most) throw new Error(`it says more than ${Math.round(most / 1024)} KiB`);
    pieces.push(piece);
  }
  return await new Blob(pieces as Uint8Array<ArrayBuffer>[]).text();
}

/** The end of a text that is read to its end, however long it is. */
export async function lastOf(source: AsyncIterable<Uint8Array>, characters = 500): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of source) {
    text = (text + decoder.decode(piece, { stream: true })).slice(-characters);
  }
  return text.trim();
}

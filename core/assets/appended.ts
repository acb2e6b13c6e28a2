/**
 * Assets that lie in the executable beside the program that Deno embeds, not in it: Deno reads all of what it
 * embeds at every start, a millisecond a megabyte. On Linux they stand between the runtime (an ELF file, whose
 * header says where it ends) and Deno's data, which is found from the file's end.
 *
 *   "SKIFFAST", length of the index (u32, little-endian), index (JSON: name -> [offset, bytes]), contents
 */
import { SkiffError } from "../errors/skiff_error.ts";

export const appendedMagic = "SKIFFAST";
export type AppendedIndex = Record<string, [offset: number, bytes: number]>;

/** Where an ELF file with this header (64 bytes at least) ends: behind its section headers. */
export function elfEnd(header: Uint8Array): number | undefined {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (header.length < 64 || view.getUint32(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) {
    return undefined;
  }
  return Number(view.getBigUint64(40, true)) + view.getUint16(58, true) * view.getUint16(60, true);
}

/** An asset out of the executable file at `path`; undefined when it has none of that name. */
export async function readAppended(path: string, name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  using file = await Deno.open(path);
  const end = elfEnd(await take(file, 0, 64));
  if (end === undefined) return undefined;
  const head = await take(file, end, 12);
  if (new TextDecoder().decode(head.subarray(0, 8)) !== appendedMagic) return undefined;
  const length = new DataView(head.buffer).getUint32(8, true);
  const index: AppendedIndex = JSON.parse(new TextDecoder().decode(await take(file, end + 12, length)));
  if (!Object.hasOwn(index, name)) return undefined;
  const [offset, bytes] = index[name];
  return await take(file, end + 12 + length + offset, bytes);
}

async function take(file: Deno.FsFile, at: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  await file.seek(at, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length;) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) throw new SkiffError("corrupt", "The executable of skiff is cut off");
    filled += count;
  }
  return bytes;
}

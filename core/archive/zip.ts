/**
 * Reads zip archives (wheels) from anything with random access, so that one member of a remote archive
 * costs its own bytes only. Format: APPNOTE.TXT 6.3.10, with ZIP64; methods stored and deflate.
 */
import { pipeline, Readable } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";
import { SkiffError } from "../errors/skiff_error.ts";
import { type RandomAccess, readRange } from "./random_access.ts";

export interface ZipEntry {
  /** Path with forward slashes; folders end in one. */
  name: string;
  method: "stored" | "deflate";
  /** Bytes in the archive. */
  compressedSize: number;
  /** Bytes after decompression. */
  size: number;
  crc32: number;
  /** Where the member's local header lies. */
  headerOffset: number;
}

const endSize = 22; // end of central directory, without its comment
const locatorSize = 20; // ZIP64 locator, right before it
const localHeaderSize = 30;
const longestComment = 0xffff;
const longestDirectory = 256 * 1024 * 1024;

/** Every member, from the central directory. Throws "corrupt" when there is none or it is damaged. */
export async function readZipDirectory(source: RandomAccess): Promise<ZipEntry[]> {
  const tailStart = Math.max(0, source.size - endSize - longestComment - locatorSize);
  const tail = await readRange(source, tailStart, source.size);
  const end = findEnd(tail);
  if (end < 0) throw corrupt("it has no central directory", source.size);
  const { offset, size } = await directoryPlace(source, tail, end, tailStart);
  if (size > longestDirectory || offset + size > source.size) {
    throw corrupt("its central directory lies outside of it", offset);
  }
  const directory = offset >= tailStart
    ? tail.subarray(offset - tailStart, offset - tailStart + size)
    : await readRange(source, offset, offset + size);
  return parseDirectory(directory, offset);
}

function findEnd(tail: Uint8Array): number {
  const view = viewOf(tail);
  for (let at = tail.length - endSize; at >= 0; at--) {
    if (
      view.getUint32(at, true) === 0x06054b50 && at + endSize + view.getUint16(at + 20, true) <= tail.length
    ) {
      return at;
    }
  }
  return -1;
}

async function directoryPlace(source: RandomAccess, tail: Uint8Array, end: number, tailStart: number) {
  const view = viewOf(tail);
  const size = view.getUint32(end + 12, true);
  const offset = view.getUint32(end + 16, true);
  const zip64 = size === 0xffffffff || offset === 0xffffffff || view.getUint16(end + 10, true) === 0xffff;
  const locator = end - locatorSize;
  if (!zip64 || locator < 0 || view.getUint32(locator, true) !== 0x07064b50) return { offset, size };
  const place = Number(view.getBigUint64(locator + 8, true));
  if (place + 56 > tailStart + tail.length) throw corrupt("its ZIP64 record lies outside of it", place);
  const record = viewOf(await readRange(source, place, place + 56));
  if (record.getUint32(0, true) !== 0x06064b50) throw corrupt("its ZIP64 record is damaged", place);
  return { size: Number(record.getBigUint64(40, true)), offset: Number(record.getBigUint64(48, true)) };
}

function parseDirectory(directory: Uint8Array, base: number): ZipEntry[] {
  const view = viewOf(directory);
  const entries: ZipEntry[] = [];
  for (let at = 0; at < directory.length;) {
    if (at + 46 > directory.length || view.getUint32(at, true) !== 0x02014b50) {
      throw corrupt("its central directory is damaged", base + at);
    }
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > directory.length) throw corrupt("its central directory is cut off", base + at);
    const name = new TextDecoder().decode(directory.subarray(at + 46, at + 46 + nameLength));
    const extra = directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    const sizes = wideSizes(extra, {
      size: view.getUint32(at + 24, true),
      compressedSize: view.getUint32(at + 20, true),
      headerOffset: view.getUint32(at + 42, true),
    });
    const flags = view.getUint16(at + 8, true);
    entries.push({
      name,
      method: method(view.getUint16(at + 10, true), flags, name),
      ...sizes,
      crc32: view.getUint32(at + 16, true),
    });
    at = next;
  }
  return entries;
}

/** Fields that read 0xffffffff stand as 64 bits in extra field 1, in this order. */
function wideSizes<T extends Record<string, number>>(extra: Uint8Array, fields: T): T {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length;) {
    const length = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1) {
      let value = at + 4;
      const wide: Record<string, number> = { ...fields };
      for (const key of Object.keys(fields)) {
        if (fields[key] !== 0xffffffff || value + 8 > Math.min(at + 4 + length, extra.length)) continue;
        wide[key] = Number(view.getBigUint64(value, true));
        value += 8;
      }
      return wide as T;
    }
    at += 4 + length;
  }
  return fields;
}

function method(code: number, flags: number, name: string): ZipEntry["method"] {
  if (flags & 1) throw new SkiffError("unsupported", `Cannot unpack "${name}": it is encrypted`);
  if (code === 0) return "stored";
  if (code === 8) return "deflate";
  throw new SkiffError("unsupported", `Cannot unpack "${name}": compression method ${code}`, {
    hint: "Only stored and deflated members can be read.",
  });
}

/** Where the member's (compressed) bytes lie: [from, to). */
export async function zipEntryRange(
  source: RandomAccess,
  entry: ZipEntry,
): Promise<{ from: number; to: number }> {
  const end = entry.headerOffset + localHeaderSize;
  if (end > source.size) throw corrupt(`the header of ${entry.name} lies outside of it`, entry.headerOffset);
  const header = viewOf(await readRange(source, entry.headerOffset, end));
  if (header.getUint32(0, true) !== 0x04034b50) {
    throw corrupt(`the header of ${entry.name} is damaged`, entry.headerOffset);
  }
  const from = end + header.getUint16(26, true) + header.getUint16(28, true);
  const to = from + entry.compressedSize;
  if (to > source.size) throw corrupt(`${entry.name} is cut off`, from);
  return { from, to };
}

/** A member's content in pieces; its size and CRC-32 have been checked when the last one has come. */
export async function* readZipEntry(
  source: RandomAccess,
  entry: ZipEntry,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { from, to } = await zipEntryRange(source, entry);
  yield* unpackZipEntry(source.read(from, to), entry);
}

/** Decompresses the bytes that `zipEntryRange` names. Throws "corrupt" on wrong size, CRC-32 or deflate data. */
export async function* unpackZipEntry(
  bytes: AsyncIterable<Uint8Array<ArrayBuffer>>,
  entry: Pick<ZipEntry, "name" | "method" | "size" | "crc32">,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let size = 0;
  let crc = 0;
  for await (const piece of entry.method === "stored" ? bytes : inflate(bytes, entry.name)) {
    size += piece.length;
    crc = crc32(piece, crc);
    if (size > entry.size) break;
    yield piece;
  }
  if (size !== entry.size || crc !== entry.crc32) {
    throw new SkiffError(
      "corrupt",
      `Cannot unpack "${entry.name}": its content does not match the archive's check sum`,
    );
  }
}

async function* inflate(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const inflater = createInflateRaw({ chunkSize: 256 * 1024 });
  pipeline(Readable.from(bytes, { objectMode: true, highWaterMark: 2 }), inflater, () => {}); // its error comes out below
  try {
    for await (const piece of inflater) yield piece;
  } catch (error) {
    if (!(error instanceof Error && /^Z_/.test((error as { code?: string }).code ?? ""))) throw error;
    throw new SkiffError("corrupt", `Cannot unpack "${name}": its compressed data is damaged`, {
      cause: error,
    });
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function corrupt(what: string, offset: number): SkiffError {
  return new SkiffError("corrupt", `Cannot read the zip archive: ${what} (offset ${offset})`);
}

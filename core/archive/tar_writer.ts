/**
 * Writes tar archives as a stream: build contexts, files for containers. POSIX ustar; a pax header where a
 * name, a link's target or a size does not fit (POSIX.1-2017 pax, "ustar Interchange Format").
 */
import { SkiffError } from "../errors/skiff_error.ts";

export interface TarFile {
  /** Path within the archive, with slashes. */
  name: string;
  /** Default "file". */
  type?: "file" | "directory" | "symlink" | "link";
  /** Permission bits. Default 0o644, directories 0o755. */
  mode?: number;
  uid?: number;
  gid?: number;
  /** Default: 1970, so that equal files give equal archives. */
  mtime?: Date;
  /** Target of a link. */
  linkName?: string;
  /** A string is UTF-8. */
  content?: string | Uint8Array | { size: number; pieces: AsyncIterable<Uint8Array> };
}

const blockSize = 512;
const encoder = new TextEncoder();
const flags = { file: "0", link: "1", symlink: "2", directory: "5" };
const largestOctal = 0o77777777777;
const largestOwner = 0o7777777;

/** The archive's bytes. Throws "invalid_input" when a file's content has not the size that was announced. */
export async function* writeTar(
  files: Iterable<TarFile> | AsyncIterable<TarFile>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const file of files) {
    const content = contentOf(file);
    yield headers(file, content.size);
    let written = 0;
    for await (const piece of content.pieces) {
      written += piece.length;
      if (written > content.size) break;
      yield piece as Uint8Array<ArrayBuffer>;
    }
    if (written !== content.size) {
      throw new SkiffError("invalid_input", `${file.name} changed its size while it was being read`, {
        hint: "Try again once nothing writes to it.",
      });
    }
    yield new Uint8Array((blockSize - content.size % blockSize) % blockSize);
  }
  yield new Uint8Array(2 * blockSize);
}

/** A small archive in one piece. */
export async function tarBytes(files: Iterable<TarFile>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(ReadableStream.from(writeTar(files))).arrayBuffer());
}

function contentOf({ content = "" }: TarFile) {
  if (typeof content === "object" && "pieces" in content) return content;
  const bytes = typeof content === "string" ? encoder.encode(content) : content;
  return { size: bytes.length, pieces: bytes.length > 0 ? [bytes] : [] };
}

function headers(file: TarFile, size: number): Uint8Array<ArrayBuffer> {
  const name = file.type === "directory" && !file.name.endsWith("/") ? `${file.name}/` : file.name;
  const records: [string, string][] = [];
  if (encoder.encode(name).length > 100) records.push(["path", name]);
  if (encoder.encode(file.linkName ?? "").length > 100) records.push(["linkpath", file.linkName!]);
  if (size > largestOctal) records.push(["size", String(size)]);
  for (const key of ["uid", "gid"] as const) {
    if ((file[key] ?? 0) > largestOwner) records.push([key, String(file[key])]);
  }
  const main = headerBlock({ ...file, name }, size, flags[file.type ?? "file"]);
  if (records.length === 0) return main;
  const extended = encoder.encode(records.map(paxRecord).join(""));
  const padded = Math.ceil(extended.length / blockSize) * blockSize;
  const all = new Uint8Array(blockSize + padded + blockSize);
  all.set(headerBlock({ name: "pax" }, extended.length, "x"));
  all.set(extended, blockSize);
  all.set(main, blockSize + padded);
  return all;
}

/** "<length> <key>=<value>\n", where the length counts its own digits. */
function paxRecord([key, value]: [string, string]): string {
  const rest = encoder.encode(` ${key}=${value}\n`).length;
  let length = rest + 1;
  while (rest + String(length).length !== length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

function headerBlock(file: TarFile, size: number, flag: string): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(blockSize);
  const text = (at: number, length: number, value: string) =>
    block.set(encoder.encode(value).subarray(0, length), at);
  const octal = (at: number, length: number, value: number) =>
    text(at, length, Math.min(value, largestOctal).toString(8).padStart(length - 1, "0"));
  text(0, 100, file.name);
  octal(100, 8, file.mode ?? (file.type === "directory" ? 0o755 : 0o644));
  octal(108, 8, Math.min(file.uid ?? 0, largestOwner));
  octal(116, 8, Math.min(file.gid ?? 0, largestOwner));
  octal(124, 12, flag === "0" || flag === "x" ? size : 0);
  octal(136, 12, Math.max(0, Math.floor((file.mtime?.getTime() ?? 0) / 1000)));
  text(148, 8, "        ");
  text(156, 1, flag);
  text(157, 100, file.linkName ?? "");
  text(257, 8, "ustar\x0000");
  octal(148, 7, block.reduce((sum, byte) => sum + byte, 0));
  block[154] = 0;
  return block;
}

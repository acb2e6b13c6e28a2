/**
 * Writes tar archives as a stream: build contexts, files for containers. POSIX ustar with pax headers where a
 * field does not fit (POSIX.1-2017 pax).
 */
import { SkiffError } from "../errors/skiff_error.ts";

export interface TarItem {
  /** Path in the archive; a folder's may end with a slash. */
  name: string;
  type: "file" | "directory" | "symlink" | "link";
  /** Permission bits. */
  mode: number;
  uid?: number;
  gid?: number;
  /** Seconds since 1970. Default 0: the same content makes the same archive. */
  mtime?: number;
  /** Target of links. */
  linkName?: string;
  /** Bytes of content; needed when `content` is a stream. */
  size?: number;
  /** Of files. */
  content?: Uint8Array | string | AsyncIterable<Uint8Array>;
}

const blockSize = 512;
const flags: Record<TarItem["type"], string> = { file: "0", link: "1", symlink: "2", directory: "5" };
const encoder = new TextEncoder();

/** The archive of the items in order. Throws "corrupt" when a content is not as long as it was said to be. */
export async function* writeTar(
  items: Iterable<TarItem> | AsyncIterable<TarItem>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const item of items) yield* writeItem(item);
  yield new Uint8Array(2 * blockSize);
}

/** The same in one piece, for few small files. */
export async function tarBytes(items: Iterable<TarItem>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(ReadableStream.from(writeTar(items))).arrayBuffer());
}

async function* writeItem(item: TarItem): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const content = typeof item.content === "string" ? encoder.encode(item.content) : item.content;
  const size = item.type !== "file"
    ? 0
    : content instanceof Uint8Array
    ? content.length
    : content
    ? item.size ?? 0
    : 0;
  yield* headers(item, size);
  if (size === 0) return;
  let written = 0;
  for await (const piece of content instanceof Uint8Array ? [content] : content!) {
    written += piece.length;
    if (written > size) break;
    yield piece as Uint8Array<ArrayBuffer>;
  }
  if (written !== size) {
    throw new SkiffError("corrupt", `${item.name} changed its size while it was read`, {
      hint: "Try again when nothing writes to it.",
    });
  }
  yield new Uint8Array((blockSize - size % blockSize) % blockSize);
}

function* headers(item: TarItem, size: number): Generator<Uint8Array<ArrayBuffer>> {
  const name = item.type === "directory" && !item.name.endsWith("/") ? `${item.name}/` : item.name;
  const extended: Record<string, string> = {};
  if (encoder.encode(name).length > 100 || !isAscii(name)) extended.path = name;
  if (item.linkName && (encoder.encode(item.linkName).length > 100 || !isAscii(item.linkName))) {
    extended.linkpath = item.linkName;
  }
  if (size >= 8 ** 11) extended.size = String(size);
  for (const key of ["uid", "gid"] as const) {
    if ((item[key] ?? 0) >= 8 ** 7) extended[key] = String(item[key]);
  }
  if (Object.keys(extended).length > 0) {
    const records = encoder.encode(
      Object.entries(extended).map(([key, value]) => record(key, value)).join(""),
    );
    yield header({ name: "pax", type: "file", mode: 0o644 }, "pax", "x", records.length);
    yield records;
    yield new Uint8Array((blockSize - records.length % blockSize) % blockSize);
  }
  yield header(item, name, flags[item.type], size);
}

// deno-lint-ignore no-control-regex
const isAscii = (text: string) => /^[\x00-\x7f]*$/.test(text);

/** "<length> <key>=<value>\n", the length counting itself. */
function record(key: string, value: string): string {
  const rest = encoder.encode(` ${key}=${value}\n`).length;
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

function header(item: TarItem, name: string, flag: string, size: number): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(blockSize);
  const text = (at: number, length: number, value: string) =>
    block.set(encoder.encode(value).subarray(0, length), at);
  const octal = (at: number, length: number, value: number) =>
    text(at, length, Math.min(value, 8 ** (length - 1) - 1).toString(8).padStart(length - 1, "0"));
  text(0, 100, name);
  octal(100, 8, item.mode & 0o7777);
  octal(108, 8, item.uid ?? 0);
  octal(116, 8, item.gid ?? 0);
  octal(124, 12, size);
  octal(136, 12, Math.max(0, Math.floor(item.mtime ?? 0)));
  block.fill(32, 148, 156);
  text(156, 1, flag);
  text(157, 100, item.linkName ?? "");
  text(257, 8, "ustar\x0000");
  let sum = 0;
  for (const byte of block) sum += byte;
  text(148, 8, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

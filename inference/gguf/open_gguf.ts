/** Opens a model: one GGUF file, or all files of a split one, joined. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { fileSource } from "./byte_source.ts";
import { corruptAt } from "./header_cursor.ts";
import type { Metadata } from "./metadata.ts";
import { type GgufFile, type GgufTensor, readGguf } from "./read_gguf.ts";
import { show } from "./read_metadata.ts";

/** A model's header: metadata of its first file, tensors of all. */
export interface Gguf {
  /** Of the first file. */
  path: string;
  /** 2 or 3. */
  version: number;
  metadata: Metadata;
  tensors: GgufTensor[];
  /** In order; one unless the model is split. */
  files: GgufFile[];
  /** Bytes of all files. */
  size: number;
}

const shardName = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/;

/**
 * Reads the header (and no tensor data) of the model at `path`. Of a split model any file may be named: its
 * siblings `<name>-0000i-of-0000n.gguf` are found beside it; files with other names are given as a list, in
 * order.
 * @throws {SkiffError} "not_found" for a missing file, "corrupt" (with the offset) for a malformed one or
 * shards that do not belong together, "unsupported" for version 1 and big-endian files.
 */
export async function openGguf(
  path: string | readonly string[],
  options: { signal?: AbortSignal } = {},
): Promise<Gguf> {
  const paths = typeof path === "string" ? [path] : path;
  const named = await readFileHeader(paths[0], options.signal);
  const total = named.metadata.number("split.count") ?? 1;
  if (total <= 1 && paths.length === 1) return join([named]);
  const all = paths.length > 1 ? paths : shardPaths(paths[0], total);
  const files: GgufFile[] = [];
  for (const shard of all) {
    files.push(shard === named.path ? named : await readFileHeader(shard, options.signal));
  }
  checkShards(files);
  return join(files);
}

async function readFileHeader(path: string, signal?: AbortSignal): Promise<GgufFile> {
  await using source = await fileSource(path);
  return await readGguf(source, { signal });
}

/** The paths of all files of a split model, from that of any of them. */
export function shardPaths(path: string, total: number): string[] {
  const match = shardName.exec(path);
  if (!match || Number(match[3]) !== total) {
    throw new SkiffError("invalid_input", `${path} is one of ${total} files of a split model`, {
      hint: `Name the files model-00001-of-${String(total).padStart(5, "0")}.gguf and so on, as they were.`,
    });
  }
  const name = (i: number) => `${match[1]}-${String(i).padStart(5, "0")}-of-${match[3]}.gguf`;
  return Array.from({ length: total }, (_, i) => name(i + 1));
}

function checkShards(files: GgufFile[]): void {
  const owners = new Map<string, string>();
  files.forEach(({ path, metadata, tensors, size }, i) => {
    const total = metadata.number("split.count") ?? 1;
    const no = metadata.number("split.no") ?? 0;
    if (total !== files.length) {
      throw corruptAt(path, 0, `it belongs to ${total} files, not to ${files.length}`);
    }
    if (no !== i) throw corruptAt(path, 0, `it is number ${no} of the files and stands at ${i}`);
    for (const { name } of tensors) {
      const other = owners.get(name);
      if (other) throw corruptAt(path, size, `it has the tensor ${show(name)}, which ${other} has too`);
      owners.set(name, path);
    }
  });
  const expected = files[0].metadata.number("split.tensors.count");
  if (expected !== undefined && expected !== owners.size) {
    throw corruptAt(files[0].path, 0, `it promises ${expected} tensors, and its files have ${owners.size}`);
  }
}

function join(files: GgufFile[]): Gguf {
  const [{ path, version, metadata }] = files;
  return {
    path,
    version,
    metadata,
    files,
    tensors: files.flatMap((file) => file.tensors),
    size: files.reduce((sum, file) => sum + file.size, 0),
  };
}

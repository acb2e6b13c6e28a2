/** Takes GGUF files that lie on this machine into the store: used where they are, or copied. */
import { createHash } from "node:crypto";
import { fileAccess } from "../../core/archive/random_access.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { writeAll } from "../../core/http/download.ts";
import { interrupted } from "../../core/http/request.ts";
import { describeGguf } from "./describe.ts";
import { buildManifest } from "./manifest.ts";
import { type IndexEntry, readIndex } from "./model_index.ts";
import type { Layer, StoredModel } from "./model.ts";
import { enterBuilt } from "./pull.ts";
import { moveDurably, type StoreFolder } from "./store_folder.ts";

export interface ImportOptions {
  /** Full name. */
  tag: string;
  copy?: boolean;
  signal?: AbortSignal;
}

type Place = NonNullable<IndexEntry["places"]>[string];

/** Throws "not_found" without the file, "corrupt" when it is no GGUF file, "invalid_input" when shards are missing. */
export async function importGguf(
  folder: StoreFolder,
  path: string,
  { tag, copy = false, signal }: ImportOptions,
): Promise<StoredModel> {
  const first = await existingFile(path);
  const config = await describeGguf(first.path);
  const layers: Layer[] = [];
  const places: Record<string, Place> = {};
  for (const file of await shardsOf(first)) {
    const digest = copy ? await copyIn(folder, file, signal) : await digestInPlace(folder, file, signal);
    layers.push({ kind: "gguf", digest, size: file.size, name: file.path.split(/[/\\]/).at(-1)! });
    if (!copy) places[digest] = file;
  }
  const created = Math.floor(first.mtime / 1000);
  const model = await enterBuilt(folder, tag, buildManifest(layers, config, created), {
    layers,
    source: `file:${first.path}`,
    ...(copy ? {} : { places }),
  });
  if (model) return model;
  throw new SkiffError("conflict", `Cannot import ${path}: its copy was removed by another command`);
}

/** A file's real path, size and time of change. Throws "not_found". */
export async function existingFile(path: string): Promise<Place> {
  try {
    const real = await Deno.realPath(path.replace(/^~(?=\/)/, Deno.env.get("HOME") ?? "~"));
    const { size, mtime, isFile } = await Deno.stat(real);
    if (isFile) return { path: real, size, mtime: mtime?.getTime() ?? 0 };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
  }
  throw new SkiffError("not_found", `Cannot find the file ${path}`, {
    hint: "Give the path of a .gguf file; a model's name has no leading ./ and no .gguf at its end.",
  });
}

/** The shards of `name-00001-of-0000N.gguf` in order, or the file alone. */
async function shardsOf(file: Place): Promise<Place[]> {
  const match = /^(.*)-(\d{5})-of-(\d{5})(\.gguf)$/i.exec(file.path);
  if (!match) return [file];
  const [, stem, , count, extension] = match;
  const shards: Place[] = [];
  for (let i = 1; i <= Number(count); i++) {
    const shard = `${stem}-${String(i).padStart(5, "0")}-of-${count}${extension}`;
    shards.push(
      await existingFile(shard).catch(() => {
        throw new SkiffError("invalid_input", `Cannot import ${file.path}: its part ${shard} is missing`, {
          hint: "All parts of a split model must lie in one folder.",
        });
      }),
    );
  }
  return shards;
}

/** The digest of a file that stays where it is; of one that is known and unchanged it is not computed again. */
async function digestInPlace(folder: StoreFolder, file: Place, signal?: AbortSignal): Promise<string> {
  const known = (await readIndex(folder)).flatMap(({ places }) => Object.entries(places ?? {}));
  const same = known.find(([, place]) => isUnchanged(place, file));
  return same ? same[0] : await eachPiece(file, signal, () => {});
}

export function isUnchanged(place: Place, file: Place): boolean {
  return place.path === file.path && place.size === file.size && place.mtime === file.mtime;
}

async function copyIn(folder: StoreFolder, file: Place, signal?: AbortSignal): Promise<string> {
  await folder.prepare();
  await folder.requireFree(file.size, file.path);
  const key = createHash("sha256").update(file.path).digest("hex");
  const lock = await folder.lockPartial(key, { signal });
  const work = folder.partial(key);
  try {
    await Deno.mkdir(work, { recursive: true });
    using out = await Deno.open(`${work}/0`, { create: true, write: true, truncate: true });
    const digest = await eachPiece(file, signal, (piece) => writeAll(out, piece));
    await out.sync();
    if (!await folder.hasBlob(digest, file.size)) await moveDurably(`${work}/0`, folder.blob(digest));
    return digest;
  } catch (error) {
    throw await folder.writeError(error, file.size, file.path);
  } finally {
    await Deno.remove(work, { recursive: true }).catch(() => {});
    await lock.release({ remove: true });
  }
}

/** Reads a file from end to end; gives its digest. */
async function eachPiece(
  { path, size }: Place,
  signal: AbortSignal | undefined,
  take: (piece: Uint8Array) => void | Promise<void>,
): Promise<string> {
  const hash = createHash("sha256");
  using source = await fileAccess(path);
  for await (const piece of source.read(0, size)) {
    if (signal?.aborted) throw interrupted(signal.reason);
    hash.update(piece);
    await take(piece);
  }
  return `sha256:${hash.digest("hex")}`;
}

/** Takes models that lie on this machine into the store, GGUF files or a folder of ONNX: used where they are, or copied. */
import { createHash } from "node:crypto";
import { fileAccess } from "../../core/archive/random_access.ts";
import { interrupted, SkiffError } from "../../core/errors/skiff_error.ts";
import { writeAll } from "../../core/http/download.ts";
import { taskOf } from "../onnx/config.ts";
import { chooseVariant, type Dtype, filesOf } from "../onnx/layout.ts";
import { describeLayers } from "./describe.ts";
import { buildManifest } from "./manifest.ts";
import { type IndexEntry, readIndex } from "./model_index.ts";
import type { Layer, StoredModel } from "./model.ts";
import { enterBuilt } from "./pull.ts";
import { moveDurably, type StoreFolder } from "./store_folder.ts";

export interface ImportOptions {
  /** Full name. */
  tag: string;
  copy?: boolean;
  /** Of an ONNX model: which of its types. */
  dtype?: Dtype;
  signal?: AbortSignal;
}

type Place = NonNullable<IndexEntry["places"]>[string];

/** A file that is taken in, with the name that it has in the model. */
type Taken = Pick<Layer, "kind" | "name"> & { file: Place };

/**
 * Throws "not_found" without the file, "corrupt" when it is no GGUF file, "invalid_input" when shards are missing,
 * "unsupported" for a folder without an ONNX model.
 */
export async function importModel(
  folder: StoreFolder,
  path: string,
  { tag, copy = false, dtype, signal }: ImportOptions,
): Promise<StoredModel> {
  const { files, source } = await isFolder(path) ? await onnxIn(path, dtype) : await ggufAt(path);
  const described = files[0].kind === "gguf" ? files.slice(0, 1) : files;
  const config = await describeLayers(
    described.map(({ kind, name, file }) => ({ kind, name, digest: "", size: file.size, path: file.path })),
    ({ path }) => path!,
  );
  const layers: Layer[] = [];
  const places: Record<string, Place> = {};
  for (const { kind, name, file } of files) {
    const digest = copy ? await copyIn(folder, file, signal) : await digestInPlace(folder, file, signal);
    layers.push({ kind, digest, size: file.size, name });
    if (!copy) places[digest] = file;
  }
  const created = Math.floor(Math.max(...files.map(({ file }) => file.mtime)) / 1000);
  const model = await enterBuilt(folder, tag, buildManifest(layers, config, created), {
    layers,
    source: `file:${source}`,
    ...(copy ? {} : { places }),
  });
  if (model) return model;
  throw new SkiffError("conflict", `Cannot import ${path}: its copy was removed by another command`);
}

async function ggufAt(path: string): Promise<{ files: Taken[]; source: string }> {
  const first = await existingFile(path);
  const files = (await shardsOf(first)).map((file): Taken => {
    return { kind: "gguf", name: file.path.split(/[/\\]/).at(-1)!, file };
  });
  return { files, source: first.path };
}

/** One type of an ONNX model in a folder, in the layout of transformers.js. */
async function onnxIn(path: string, dtype?: Dtype): Promise<{ files: Taken[]; source: string }> {
  const root = await Deno.realPath(expandHome(path));
  const paths = await filesBelow(root);
  const text = paths.includes("config.json") ? await Deno.readTextFile(`${root}/config.json`) : "{}";
  let generates = false;
  try {
    generates = taskOf(JSON.parse(text)) === "text";
  } catch {
    // describing the model says what is wrong with it
  }
  const variant = chooseVariant(paths, { dtype, generates, name: path });
  const files = await Promise.all(
    filesOf(paths, variant, path).map(async (name): Promise<Taken> => ({
      kind: name === variant.graph || variant.data.includes(name) ? "onnx" : "file",
      name,
      file: await existingFile(`${root}/${name}`),
    })),
  );
  return { files, source: root };
}

/** Paths of the files in a folder and the folders in it, no deeper. */
async function filesBelow(root: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of Deno.readDir(root)) {
    if (!entry.isDirectory) paths.push(entry.name);
    else if (!entry.name.startsWith(".")) {
      for await (const inner of Deno.readDir(`${root}/${entry.name}`)) {
        if (!inner.isDirectory) paths.push(`${entry.name}/${inner.name}`);
      }
    }
  }
  return paths.sort();
}

const expandHome = (path: string) => path.replace(/^~(?=\/)/, Deno.env.get("HOME") ?? "~");

export async function isFolder(path: string): Promise<boolean> {
  return (await Deno.stat(expandHome(path)).catch(() => undefined))?.isDirectory === true;
}

/** A file's real path, size and time of change. Throws "not_found". */
export async function existingFile(path: string): Promise<Place> {
  try {
    const real = await Deno.realPath(expandHome(path));
    const { size, mtime, isFile } = await Deno.stat(real);
    if (isFile) return { path: real, size, mtime: mtime?.getTime() ?? 0 };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
  }
  throw new SkiffError("not_found", `Cannot find the file ${path}`, {
    hint:
      "Give the path of a .gguf file or of a folder with an ONNX model; a model's name has no leading ./ and no .gguf at its end.",
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

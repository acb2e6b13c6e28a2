/**
 * The index of the store: which models there are, and which tag names which. It is replaced as a whole,
 * under a lock; what it lists has a manifest and all of its blobs.
 */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { type Manifest, sha256Digest } from "../../core/registry/client.ts";
import { layersOf, parseConfig } from "./manifest.ts";
import type { StoredModel } from "./model.ts";
import { readTextIfAny, type StoreFolder } from "./store_folder.ts";

export interface IndexEntry {
  /** "sha256:<hex>" of the manifest. */
  id: string;
  tags: string[];
  /** Digests of the layers and the config. */
  files: string[];
  source?: string;
  /** What the source called its content, where it states no digests of the files. */
  origin?: string;
  /** Files used in place, by digest. */
  places?: Record<string, { path: string; size: number; mtime: number }>;
}

/** Entries in the order they came; none when nothing was ever stored. Throws "corrupt". */
export async function readIndex(folder: StoreFolder): Promise<IndexEntry[]> {
  const text = await readTextIfAny(folder.index);
  if (text === undefined) return [];
  try {
    const { models } = JSON.parse(text);
    if (!Array.isArray(models) || !models.every(isEntry)) throw new Error("it does not list models");
    return models;
  } catch (error) {
    throw new SkiffError("corrupt", `Cannot read ${folder.index}: ${(error as Error).message}`, {
      hint: "Move the file away; what is pulled again then does not need to be downloaded again.",
      cause: error,
    });
  }
}

function isEntry(value: IndexEntry): boolean {
  const isDigest = (text: unknown) => typeof text === "string" && /^sha256:[0-9a-f]{64}$/.test(text);
  return isDigest(value?.id) && Array.isArray(value.tags) &&
    value.tags.every((tag) => typeof tag === "string") &&
    Array.isArray(value.files) && value.files.every(isDigest);
}

/** Changes the index under its lock: `change` gets the entries and gives the new ones. */
export async function updateIndex<T>(
  folder: StoreFolder,
  change: (entries: IndexEntry[]) => Promise<{ entries: IndexEntry[]; result: T }>,
): Promise<T> {
  await folder.prepare();
  await using _lock = await folder.lockIndex();
  await clearTemporaries(folder);
  const before = await readIndex(folder);
  const { entries, result } = await change(structuredClone(before));
  if (JSON.stringify(entries) !== JSON.stringify(before)) {
    await folder.replace(folder.index, `${JSON.stringify({ models: entries }, null, 1)}\n`);
  }
  await removeUnlisted(folder, before, entries);
  return result;
}

/** Under the lock nobody else writes there: what lies in tmp/ is of processes that died. */
async function clearTemporaries(folder: StoreFolder): Promise<void> {
  for await (const { name } of Deno.readDir(`${folder.path}/tmp`)) {
    await Deno.remove(`${folder.path}/tmp/${name}`).catch(() => {});
  }
}

/** Deletes what `before` listed and `after` does not. */
async function removeUnlisted(folder: StoreFolder, before: IndexEntry[], after: IndexEntry[]): Promise<void> {
  const kept = new Set(after.flatMap(({ id, files }) => [id, ...files]));
  const gone = before.flatMap((
    { id, files },
  ) => [folder.manifest(id), ...files.map((digest) => folder.blob(digest))]);
  const keptPaths = new Set([...kept].flatMap((digest) => [folder.manifest(digest), folder.blob(digest)]));
  for (const path of gone) {
    if (!keptPaths.has(path)) await Deno.remove(path).catch(() => {}); // in-place files have no blob
  }
}

/** The entry with a tag set on it, taken from whichever had it. */
export function withTag(entries: IndexEntry[], id: string, tag: string): IndexEntry[] {
  return entries.map((entry) => {
    const others = entry.tags.filter((name) => name !== tag);
    if (entry.id !== id) return { ...entry, tags: others };
    return entry.tags.includes(tag) ? entry : { ...entry, tags: [...others, tag] };
  });
}

/** The model of an entry; undefined when its manifest or a blob is missing or damaged. */
export async function loadEntry(folder: StoreFolder, entry: IndexEntry): Promise<StoredModel | undefined> {
  const bytes = await Deno.readFile(folder.manifest(entry.id)).catch(() => undefined);
  if (bytes === undefined || sha256Digest(bytes) !== entry.id) return undefined;
  const manifest: Manifest = JSON.parse(new TextDecoder().decode(bytes));
  const configBytes = await Deno.readFile(folder.blob(manifest.config.digest)).catch(() => undefined);
  if (configBytes === undefined || sha256Digest(configBytes) !== manifest.config.digest) return undefined;
  const layers = layersOf(manifest).map((layer) => {
    const place = entry.places?.[layer.digest];
    return place ? { ...layer, path: place.path } : layer;
  });
  for (const { digest, size, path } of layers) {
    if (path === undefined && !await folder.hasBlob(digest, size)) return undefined;
  }
  const { config, created } = parseConfig(configBytes, layers);
  const size = layers.reduce((sum, layer) => sum + layer.size, 0);
  return { id: entry.id, tags: entry.tags, created, config, layers, size, source: entry.source };
}

/** Pulls a model: tries its sources in order, fetches the files, and enters the model in the index. */
import { SkiffError, toSkiffError } from "../../core/errors/skiff_error.ts";
import { decimalSize } from "../../core/format/byte_size.ts";
import type { Candidate } from "./aliases.ts";
import { describeLayers } from "./describe.ts";
import { removeStale } from "./stale.ts";
import { type FetchedFile, fetchFile, keyOf, transferSize } from "./fetch_file.ts";
import { buildManifest, type BuiltManifest } from "./manifest.ts";
import { type IndexEntry, loadEntry, readIndex, updateIndex, withTag } from "./model_index.ts";
import type { Layer, ProgressMessage, StoredModel } from "./model.ts";
import type { PullOptions, PullResult } from "./model_store.ts";
import { displayName } from "./reference.ts";
import type { RemoteFile, RemoteModel } from "./source.ts";
import { hexOf, type StoreFolder } from "./store_folder.ts";

export interface PullSettings extends PullOptions {
  retryDelaysMs?: readonly number[];
  stallMs?: number;
}

const parallelFiles = 3;
/** A source that fails so leaves the next one to be tried. */
const passingCodes = ["network", "not_found", "unauthorized", "unsupported"];

/** The model under `tag`, from the first candidate that has it. Throws as `ModelStore.pull` says. */
export async function pullModel(
  folder: StoreFolder,
  tag: string,
  candidates: Candidate[],
  settings: PullSettings = {},
): Promise<PullResult> {
  await folder.prepare();
  await removeStale(folder);
  const say = speaker(settings);
  const failures: { source: string; error: SkiffError }[] = [];
  for (const candidate of candidates) {
    try {
      const result = await pullFrom(folder, tag, candidate, settings);
      const { cached, model } = result;
      say("success", cached ? `Using cached model: ${decimalSize(model.size)}` : "Model pulled successfully");
      return result;
    } catch (thrown) {
      const error = toSkiffError(thrown);
      if (settings.signal?.aborted || !passingCodes.includes(error.code)) throw error;
      failures.push({ source: candidate.source.name, error });
      if (candidates.length > 1) say("warning", `Cannot use ${candidate.source.name}: ${error.message}`);
    }
  }
  const stored = await storedUnder(folder, tag);
  if (stored && failures.every(({ error }) => error.code === "network")) {
    say("warning", `Cannot ask for a newer ${displayName(tag)}: ${failures[0].error.message}`);
    say("success", `Using cached model: ${decimalSize(stored.size)}`);
    return { model: stored, cached: true, source: stored.source ?? tag };
  }
  throw failures.length === 1 ? failures[0].error : noSource(tag, failures);
}

function noSource(tag: string, failures: { source: string; error: SkiffError }[]): SkiffError {
  const reasons = failures.map(({ source, error }) => `${source}: ${error.message}`);
  const code = failures.find(({ error }) => error.code === "network")?.error.code ?? failures[0].error.code;
  return new SkiffError(
    code,
    `Cannot pull ${displayName(tag)} from any of its sources: ${reasons.join("; ")}`,
    {
      hint: failures.findLast(({ error }) => error.hint)?.error.hint,
      cause: failures.at(-1)!.error,
      details: {
        sources: failures.map(({ source, error }) => ({ source, code: error.code, message: error.message })),
      },
    },
  );
}

type Say = (type: ProgressMessage["type"], message: string) => void;

function speaker({ onProgress }: PullSettings): Say {
  return (type, message) =>
    onProgress?.({ type, message, total: 0, layer: { size: 0, current: 0 }, mode: "pull" });
}

async function pullFrom(
  folder: StoreFolder,
  tag: string,
  { source, pinned }: Candidate,
  settings: PullSettings,
): Promise<PullResult> {
  const say = speaker(settings);
  const here = pinned && await storedWith(folder, tag, { origin: hexOf(pinned.digest) });
  if (here) return { model: here, cached: true, source: here.source ?? source.name };
  const { signal, bearerToken, retryDelaysMs } = settings;
  const remote = await source.resolve({ signal, bearerToken, retryDelaysMs, onRemark: say });
  if (pinned) pin(remote, pinned, source.name);
  const origin = remote.files.map(keyOf).join("+");
  const same = await storedWith(folder, tag, { origin, id: remote.manifest?.id });
  if (same) return { model: same, cached: true, source: same.source ?? source.name };
  say("progress", `Pulling from ${source.name}`);
  for (let attempt = 0;; attempt++) {
    const fetched = await fetchAll(folder, remote.files, settings);
    const model = await enterModel(folder, tag, source.name, remote, fetched);
    if (model) return { model, cached: fetched.every(({ cached }) => cached), source: source.name };
    if (attempt === 2) {
      throw new SkiffError(
        "conflict",
        `Cannot pull ${displayName(tag)}: its files are being removed by another command`,
      );
    }
  }
}

/** Holds the source to what the table says. Throws "corrupt" when it already announces something else. */
function pin(remote: RemoteModel, pinned: { digest: string; size: number }, source: string): void {
  const [file] = remote.files;
  const other = remote.files.length !== 1 || (file.digest ?? pinned.digest) !== pinned.digest ||
    (file.size ?? pinned.size) !== pinned.size;
  if (other) {
    throw new SkiffError(
      "corrupt",
      `Cannot use ${source}: it offers another file than the one known for this model`,
      {
        hint: "It was changed at the source. Update skiff, or name another source yourself.",
        details: { expected: pinned.digest, found: file.digest },
      },
    );
  }
  Object.assign(file, pinned);
}

async function storedUnder(folder: StoreFolder, tag: string): Promise<StoredModel | undefined> {
  const entry = (await readIndex(folder)).find(({ tags }) => tags.includes(tag));
  return entry && await loadEntry(folder, entry);
}

/** The model under this tag, when it is whole and came of the same content. */
async function storedWith(
  folder: StoreFolder,
  tag: string,
  { origin, id }: { origin: string; id?: string },
): Promise<StoredModel | undefined> {
  const entry = (await readIndex(folder)).find(({ tags }) => tags.includes(tag));
  if (entry === undefined || (id === undefined ? entry.origin !== origin : entry.id !== id)) return undefined;
  return await loadEntry(folder, entry);
}

/** Fetches the files, a few at a time; the first failure calls the others off. */
async function fetchAll(
  folder: StoreFolder,
  files: RemoteFile[],
  settings: PullSettings,
): Promise<FetchedFile[]> {
  const total = files.reduce((sum, file) => sum + transferSize(file), 0);
  const failed = new AbortController();
  const signal = settings.signal ? AbortSignal.any([settings.signal, failed.signal]) : failed.signal;
  const fetched: FetchedFile[] = [];
  const waiting = files.entries();
  let failure: unknown;
  const work = async () => {
    for (const [i, file] of waiting) {
      const onBytes = layerProgress(file, total, settings);
      try {
        fetched[i] = await fetchFile(folder, file, {
          signal,
          onBytes,
          onWarning: (text) => speaker(settings)("warning", text),
          retryDelaysMs: settings.retryDelaysMs,
          stallMs: settings.stallMs,
        });
      } catch (error) {
        failure ??= error;
        failed.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: parallelFiles }, work));
  if (failure !== undefined) throw failure;
  return fetched;
}

const messageMs = 100;
const messageBytes = 1024 * 1024;

/** Messages of one layer, calm and never going backwards. */
function layerProgress(
  file: RemoteFile,
  total: number,
  { onProgress }: PullSettings,
): (bytes: number) => void {
  const size = transferSize(file);
  const id = file.digest ?? file.name;
  let shown = -1;
  let time = -Infinity;
  return (bytes) => {
    const now = performance.now();
    const due = now - time >= messageMs || bytes - shown >= messageBytes || bytes === size;
    if (bytes <= shown || !due) return;
    shown = bytes;
    time = now;
    onProgress?.({
      type: "progress",
      message: `Downloaded: ${(bytes / 1e6).toFixed(2)} MB`,
      total: Math.max(total, bytes),
      layer: { id, size: Math.max(size, bytes), current: bytes },
      mode: "pull",
    });
  };
}

/** Lists the model. Undefined when a file has gone in the meantime. */
async function enterModel(
  folder: StoreFolder,
  tag: string,
  source: string,
  remote: RemoteModel,
  fetched: FetchedFile[],
): Promise<StoredModel | undefined> {
  const layers = remote.files.map(({ kind, name }, i): Layer => ({
    kind,
    name,
    digest: fetched[i].digest,
    size: fetched[i].size,
  }));
  const described = await describeLayers(layers, ({ digest }) => folder.blob(digest)).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (described === undefined) return undefined;
  const built = remote.manifest
    ? { ...remote.manifest, manifest: remote.manifest.bytes }
    : buildManifest(layers, described, remote.created);
  return await enterBuilt(folder, tag, built, { layers, source, origin: remote.files.map(keyOf).join("+") });
}

export interface EntrySettings extends Pick<IndexEntry, "origin" | "places"> {
  layers: Layer[];
  source: string;
}

/** Writes manifest and config and puts the model into the index under `tag`. */
export async function enterBuilt(
  folder: StoreFolder,
  tag: string,
  built: BuiltManifest,
  { layers, source, origin, places }: EntrySettings,
): Promise<StoredModel | undefined> {
  return await updateIndex(folder, async (entries) => {
    for (const { digest, size } of layers) {
      if (!places?.[digest] && !await folder.hasBlob(digest, size)) return { entries, result: undefined };
    }
    await folder.replace(folder.blob(built.configDigest), built.config);
    await folder.replace(folder.manifest(built.id), built.manifest);
    const files = [...layers.map(({ digest }) => digest), built.configDigest];
    const entry: IndexEntry = {
      id: built.id,
      tags: [],
      files,
      source,
      origin,
      ...(places ? { places } : {}),
    };
    const old = entries.find(({ id }) => id === built.id);
    const others = entries.filter(({ id }) => id !== built.id);
    const next = withTag([...others, { ...entry, tags: old?.tags ?? [] }], built.id, tag);
    return { entries: next, result: await loadEntry(folder, next.at(-1)!) };
  });
}

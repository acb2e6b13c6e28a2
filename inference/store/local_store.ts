/** `ModelStore` (model_store.ts) on a folder of this machine. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { decimalSize } from "../../core/format/byte_size.ts";
import { asDtype, type Dtype, dtypes } from "../onnx/layout.ts";
import { type AliasTable, candidatesFor, readAliases } from "./aliases.ts";
import { existingFile, importModel, isFolder, isUnchanged } from "./import_file.ts";
import { type IndexEntry, loadEntry, readIndex, updateIndex, withTag } from "./model_index.ts";
import type { LayerKind, StoredModel } from "./model.ts";
import type { ModelFiles, ModelStore, PullOptions, PullResult, RemovalAction } from "./model_store.ts";
import { pullModel } from "./pull.ts";
import { canonicalName, displayName, parseReference } from "./reference.ts";
import { StoreFolder } from "./store_folder.ts";

export interface StoreSettings {
  /** Default: the process's. PIP_INDEX_URL, HF_TOKEN, HF_ENDPOINT, DEFAULT_REGISTRY, INSECURE_REGISTRY, DOCKER_CONFIG… */
  env?: { get(name: string): string | undefined };
  /** Default: assets/models.json. */
  aliases?: AliasTable;
  /** Pauses before a broken transfer is tried again. Default 1, 2, 4 seconds. */
  retryDelaysMs?: readonly number[];
  /** Milliseconds without a byte after which a transfer counts as broken. Default 30,000. */
  stallMs?: number;
}

export class LocalStore implements ModelStore {
  readonly #folder: StoreFolder;
  readonly #env: { get(name: string): string | undefined };

  constructor(readonly folder: string, readonly settings: StoreSettings = {}) {
    this.#folder = new StoreFolder(folder);
    this.#env = settings.env ?? Deno.env;
  }

  async list(): Promise<StoredModel[]> {
    const entries = await readIndex(this.#folder);
    const models = await Promise.all(entries.map((entry) => loadEntry(this.#folder, entry)));
    return models.filter((model) => model !== undefined);
  }

  async find(reference: string): Promise<StoredModel | undefined> {
    const entry = await this.#findEntry(await readIndex(this.#folder), reference);
    return entry && await loadEntry(this.#folder, entry);
  }

  async #findEntry(entries: IndexEntry[], text: string): Promise<IndexEntry | undefined> {
    const reference = parseReference(text, this.#env);
    if (reference.kind === "file" && await isFolder(reference.path)) {
      return await this.#entryOfFolder(entries, reference.path);
    }
    if (reference.kind === "file") {
      const file = await existingFile(reference.path).catch(() => undefined);
      if (file === undefined) return undefined;
      return entries.findLast(({ places }) =>
        Object.values(places ?? {}).some((place) => isUnchanged(place, file))
      );
    }
    const tag = canonicalName(text, this.#env);
    const tagged = entries.find(({ tags }) => tags.includes(tag));
    if (tagged) return tagged;
    if (reference.kind === "id") {
      return only(
        text,
        entries.filter(({ id }) => id.startsWith(`sha256:${reference.hex}`)),
      );
    }
    if (text.includes("/")) return undefined;
    const last = `/${tag.slice(tag.lastIndexOf("/") + 1)}`;
    return only(text, entries.filter(({ tags }) => tags.some((name) => name.endsWith(last))));
  }

  /** An ONNX model that is used where it lies, while none of its files has changed. */
  async #entryOfFolder(entries: IndexEntry[], path: string): Promise<IndexEntry | undefined> {
    const source = `file:${await Deno.realPath(path)}`;
    const entry = entries.findLast((one) => one.source === source && one.places);
    for (const place of Object.values(entry?.places ?? {})) {
      const file = await existingFile(place.path).catch(() => undefined);
      if (file === undefined || !isUnchanged(place, file)) return undefined;
    }
    return entry;
  }

  async #requireEntry(entries: IndexEntry[], reference: string): Promise<IndexEntry> {
    const entry = await this.#findEntry(entries, reference);
    if (entry) return entry;
    throw new SkiffError("not_found", `Cannot find model "${reference}"`, {
      hint: "`skiff model ls` lists the models that are here.",
    });
  }

  async pull(reference: string, options: PullOptions = {}): Promise<PullResult> {
    const parsed = parseReference(reference, this.#env);
    if (parsed.kind === "file") return await this.#takeFile(parsed.path, reference, options);
    const aliases = this.settings.aliases ?? await readAliases();
    const candidates = candidatesFor(reference, aliases, this.#env);
    const { retryDelaysMs, stallMs } = this.settings;
    return await pullModel(this.#folder, canonicalName(reference, this.#env), candidates, {
      ...options,
      retryDelaysMs,
      stallMs,
    });
  }

  /** "Pulling" a file is taking it in where it lies. */
  async #takeFile(path: string, reference: string, { signal, onProgress }: PullOptions): Promise<PullResult> {
    const known = await this.find(reference);
    const model = known ?? await this.importFile(path, { signal });
    const message = known ? `Using cached model: ${decimalSize(model.size)}` : "Model pulled successfully";
    onProgress?.({ type: "success", message, total: 0, layer: { size: 0, current: 0 }, mode: "pull" });
    return { model, cached: known !== undefined, source: model.source! };
  }

  async importFile(
    path: string,
    { tag, copy, dtype, signal }: {
      tag?: string;
      copy?: boolean;
      dtype?: string;
      signal?: AbortSignal;
    } = {},
  ): Promise<StoredModel> {
    const name = tag === undefined ? canonicalName(asPath(path), this.#env) : this.#tagName(tag);
    return await importModel(this.#folder, path, { tag: name, copy, dtype: dtypeOf(dtype), signal });
  }

  /** A name that a user gives to a model. Throws "invalid_input" for what can be no name. */
  #tagName(text: string): string {
    const { kind } = parseReference(text, this.#env);
    if (kind === "registry" || kind === "huggingface") return canonicalName(text, this.#env);
    throw new SkiffError("invalid_input", `Invalid model name "${text}"`, {
      hint: "A name looks like smollm2, myorg/model:tag or registry.example/org/model.",
    });
  }

  async tag(reference: string, target: string): Promise<StoredModel> {
    const tag = this.#tagName(target);
    const model = await updateIndex(this.#folder, async (entries) => {
      const { id } = await this.#requireEntry(entries, reference);
      const next = withTag(entries, id, tag);
      return { entries: next, result: await loadEntry(this.#folder, next.find((entry) => entry.id === id)!) };
    });
    if (model) return model;
    throw new SkiffError("corrupt", `Cannot tag "${reference}": a file of it is missing`, {
      hint: "Remove the model and pull it again.",
    });
  }

  async remove(reference: string, { force = false } = {}): Promise<RemovalAction[]> {
    return await updateIndex(this.#folder, async (entries) => {
      const entry = await this.#requireEntry(entries, reference);
      const byId = parseReference(reference, this.#env).kind === "id" &&
        !entry.tags.includes(canonicalName(reference, this.#env));
      if (byId && entry.tags.length > 1 && !force) {
        throw new SkiffError("conflict", `Cannot remove "${reference}": it has several tags`, {
          hint: `Remove one of ${entry.tags.map(displayName).join(", ")}, or all of them with --force.`,
        });
      }
      const tag = byId ? undefined : namedTag(entry, canonicalName(reference, this.#env));
      const gone = tag === undefined ? entry.tags : [tag];
      const left = entry.tags.filter((name) => !gone.includes(name));
      const actions: RemovalAction[] = gone.map((name) => ({ Untagged: name }));
      if (left.length === 0) actions.push({ Deleted: entry.id });
      const next = left.length === 0
        ? entries.filter(({ id }) => id !== entry.id)
        : entries.map((other) => other.id === entry.id ? { ...entry, tags: left } : other);
      return { entries: next, result: actions };
    });
  }

  async purge(): Promise<void> {
    await updateIndex(this.#folder, async () => {
      for (const kind of ["blobs", "manifests"]) {
        const place = `${this.folder}/${kind}/sha256`;
        for await (const { name } of Deno.readDir(place)) {
          await Deno.remove(`${place}/${name}`).catch(() => {});
        }
      }
      return { entries: [], result: undefined };
    });
  }

  async diskUsage(): Promise<{ bytes: number }> {
    return { bytes: await folderBytes(this.folder) };
  }

  async files(model: StoredModel): Promise<ModelFiles> {
    const paths = new Map<LayerKind, string[]>();
    const named: Record<string, string> = {};
    const places = (await readIndex(this.#folder)).find(({ id }) => id === model.id)?.places ?? {};
    for (const { kind, digest, size, name, path = this.#folder.blob(digest) } of model.layers) {
      const stat = await Deno.stat(path).catch(() => undefined);
      const changed = places[digest]?.path === path && stat?.mtime?.getTime() !== places[digest].mtime;
      if (stat?.size !== size || changed) {
        const what = stat === undefined
          ? "is missing"
          : stat.size === size
          ? "has changed"
          : `has ${stat.size} bytes in place of ${size}`;
        throw new SkiffError(
          "corrupt",
          `Cannot open ${name} of ${displayName(model.tags[0] ?? model.id)}: ${path} ${what}`,
          {
            hint: "Remove the model and pull or import it again.",
          },
        );
      }
      paths.set(kind, [...paths.get(kind) ?? [], path]);
      named[name] = path;
    }
    return {
      ...(model.config.format === "onnx"
        ? { weights: paths.get("onnx") ?? [], onnx: named }
        : { weights: paths.get("gguf") ?? [] }),
      chatTemplate: paths.get("template")?.[0],
      projector: paths.get("mmproj")?.[0],
      adapters: paths.get("lora") ?? [],
    };
  }
}

/** The tag by which the user named it: the exact one, or the one whose last part was given. */
function namedTag({ tags }: IndexEntry, tag: string): string | undefined {
  const last = `/${tag.slice(tag.lastIndexOf("/") + 1)}`;
  return tags.find((name) => name === tag) ?? tags.find((name) => name.endsWith(last));
}

function only(reference: string, entries: IndexEntry[]): IndexEntry | undefined {
  if (entries.length <= 1) return entries[0];
  const names = entries.map(({ id, tags }) => tags.length > 0 ? displayName(tags[0]) : id.slice(7, 19));
  throw new SkiffError("conflict", `"${reference}" is ambiguous`, {
    hint: `It may be ${names.join(" or ")}.`,
  });
}

function dtypeOf(text: string | undefined): Dtype | undefined {
  const dtype = text === undefined ? undefined : asDtype(text);
  if (text === undefined || dtype) return dtype;
  throw new SkiffError("invalid_input", `"${text}" is no type of an ONNX model's numbers`, {
    hint: `Types are ${dtypes.join(", ")}.`,
  });
}

/** A path that cannot be taken for a model's name. */
function asPath(path: string): string {
  return /^[./~]/.test(path) ? path : `./${path}`;
}

async function folderBytes(path: string): Promise<number> {
  let bytes = 0;
  try {
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      if (isDirectory) bytes += await folderBytes(`${path}/${name}`);
      else bytes += (await Deno.stat(`${path}/${name}`).catch(() => undefined))?.size ?? 0;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return bytes;
}

/**
 * The contract of the model store. Content-addressed, safe for several processes at once: a model is listed
 * only when all of it is there and verified. `openStore(folder)` in mod.ts gives one.
 */
import type { ProgressMessage, StoredModel } from "./model.ts";

export interface PullOptions {
  signal?: AbortSignal;
  onProgress?: (message: ProgressMessage) => void;
  /** Credential for the source, e.g. of a private repository. */
  bearerToken?: string;
}

export interface PullResult {
  model: StoredModel;
  /** Everything was there already. */
  cached: boolean;
  /** Which source gave it. */
  source: string;
}

/** What of a model an engine opens. */
export interface ModelFiles {
  /** GGUF files in order, the first names the set; of an ONNX model its graph and its data. */
  weights: string[];
  /** Files of an ONNX model by their names in its layout. */
  onnx?: Record<string, string>;
  chatTemplate?: string;
  projector?: string;
  adapters: string[];
}

export interface RemovalAction {
  Untagged?: string;
  Deleted?: string;
}

export interface ModelStore {
  readonly folder: string;

  list(): Promise<StoredModel[]>;

  /**
   * By name ("smollm2", "ai/smollm2:latest", "docker.io/…"), id ("sha256:…", 12 or more hex digits) or the
   * last part of a name. Undefined when it is not here; throws "conflict" when a short id is ambiguous.
   */
  find(reference: string): Promise<StoredModel | undefined>;

  /** Gets a model from the first of its sources that can be reached. Throws "not_found", "network", "corrupt", "disk_full", "interrupted". */
  pull(reference: string, options?: PullOptions): Promise<PullResult>;

  /** Adds a GGUF file (and its shards) or a folder with an ONNX model by name; in place unless `copy`. */
  importFile(
    path: string,
    options?: { tag?: string; copy?: boolean; dtype?: string; signal?: AbortSignal },
  ): Promise<StoredModel>;

  tag(reference: string, target: string): Promise<StoredModel>;

  /** Throws "not_found"; "conflict" when it has several tags, was named by id, and `force` is not set. */
  remove(reference: string, options?: { force?: boolean }): Promise<RemovalAction[]>;

  /** Removes every model. */
  purge(): Promise<void>;

  diskUsage(): Promise<{ bytes: number }>;

  /** Paths to open. Throws "corrupt" when a file is missing or has another size. */
  files(model: StoredModel): Promise<ModelFiles>;

  /** The model as its source describes it, without pulling it. Throws "not_found", "network". */
  inspectRemote?(reference: string): Promise<StoredModel>;

  /** Sends a model to the registry in its name. Throws "not_found", "unauthorized", "network". */
  push?(reference: string, options?: PullOptions): Promise<void>;

  /** The same weights under another name with another configuration. */
  repackage?(source: string, target: string, options: { contextSize?: number }): Promise<StoredModel>;

  /** A tar of the model: blobs, then its manifest. */
  exportArchive?(model: StoredModel): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;

  /** Adds the model of such a tar. Throws "corrupt". */
  importArchive?(
    archive: ReadableStream<Uint8Array<ArrayBuffer>>,
    options?: { signal?: AbortSignal },
  ): Promise<StoredModel>;
}

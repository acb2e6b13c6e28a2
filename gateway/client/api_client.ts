/** The server's API for skiff's own commands: typed, with the server's errors as `SkiffError`s. */
import { type ErrorRecord, fromErrorRecord, SkiffError } from "../../core/errors/skiff_error.ts";
import type { ModelSettings, RunnerMode } from "../../inference/runner/host.ts";
import type { ModelConfig, ProgressMessage } from "../../inference/store/model.ts";
import type { RemovalAction } from "../../inference/store/model_store.ts";
import { lines, serverSentEvents } from "./stream_lines.ts";
import { brokenOff, type Endpoint, openAIError, Transport } from "./transport.ts";

/** A model as `GET /models` gives it. */
export interface ModelInfo {
  id: string;
  tags: string[];
  /** Unix seconds. */
  created: number;
  config: ModelConfig;
  /** What computes it now, once for each mode that is loaded. */
  running?: { mode: RunnerMode; engine: string; device: string; reason: string }[];
}

/** A line of `GET /engines/ps`. */
export interface RunningModelInfo {
  backend_name: string;
  model_name: string;
  mode: RunnerMode;
  last_used: string;
  in_use?: boolean;
  loading?: boolean;
  /** Go duration; "0" at once, negative never. */
  keep_alive?: string;
  expires?: string;
  engine?: string;
  device?: string;
  reason?: string;
  context_size?: number;
  memory_bytes?: number;
}

export interface DiskUsage {
  models_disk_usage: number;
  default_backend_disk_usage: number;
}

export interface ServerVersion {
  version: string;
  /** Only skiff's own server tells. */
  pid?: number;
  server?: string;
}

/** An element of `GET /engines/_configure`. */
export interface Configuration {
  Backend: string;
  Model: string;
  ModelID: string;
  Mode: RunnerMode;
  Config: ModelSettings;
}

/** The fields of a chat.completion.chunk that the commands read. */
export interface ChatChunk {
  choices: {
    index: number;
    delta: {
      role?: string;
      content?: string | null;
      reasoning_content?: string | null;
      tool_calls?: {
        index: number;
        id?: string;
        function?: { name?: string; arguments?: string };
      }[];
    };
    finish_reason: string | null;
  }[];
  usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number } | null;
  timings?: Record<string, number>;
}

export interface CreateOptions {
  bearerToken?: string;
  /** Of a file: its name in the store, and whether it is copied there. */
  tag?: string;
  copy?: boolean;
  /** Of a folder with an ONNX model: which type of its numbers. */
  dtype?: string;
  signal?: AbortSignal;
  onProgress?: (message: ProgressMessage) => void;
}

/** Path of a model's routes; slashes in the name stay slashes. */
function modelPath(name: string): string {
  return `/models/${name.split("/").map(encodeURIComponent).join("/").replaceAll("%3A", ":")}`;
}

export class ApiClient {
  readonly endpoint: Endpoint;
  readonly #transport: Transport;

  /** Path below the endpoint of the OpenAI routes; another server's may be at the endpoint itself. */
  readonly #openAIBase: string;

  constructor(endpoint: Endpoint, { openAIBase = "/engines/v1" }: { openAIBase?: string } = {}) {
    this.endpoint = endpoint;
    this.#openAIBase = openAIBase;
    this.#transport = new Transport(endpoint);
  }

  version(options: { signal?: AbortSignal } = {}): Promise<ServerVersion> {
    return this.#transport.json("/version", options);
  }

  models(): Promise<ModelInfo[]> {
    return this.#transport.json("/models");
  }

  /** The answer of `GET /engines/v1/models`, as it is. */
  openAIModels(): Promise<{ object: string; data: Record<string, unknown>[] }> {
    return this.#transport.json(`${this.#openAIBase}/models`);
  }

  /** The answer of `GET /engines/v1/models/{name}`, as it is. */
  openAIModel(name: string): Promise<Record<string, unknown>> {
    return this.#transport.json(`${this.#openAIBase}${modelPath(name)}`);
  }

  /** One vector a text, in their order. Loads the model when it is not loaded. */
  async embeddings(
    model: string,
    input: string[],
    options: { signal?: AbortSignal } = {},
  ): Promise<number[][]> {
    const { data } = await this.#transport.json<{ data: { index: number; embedding: number[] }[] }>(
      `${this.#openAIBase}/embeddings`,
      { method: "POST", body: { model, input }, ...options },
    );
    return data.sort((a, b) => a.index - b.index).map(({ embedding }) => embedding);
  }

  /** Throws "not_found". */
  inspect(name: string, { remote }: { remote?: boolean } = {}): Promise<ModelInfo> {
    return this.#transport.json(modelPath(name), { query: { remote } });
  }

  /**
   * Pulls a model, or adds a file of this machine (absolute path). Gives the success message.
   * Throws what the pull threw.
   */
  async create(from: string, options: CreateOptions = {}): Promise<string> {
    const { bearerToken, tag, copy, dtype } = options;
    const body = { from, "bearer-token": bearerToken, tag, copy, dtype };
    return await this.#progress("/models/create", body, options);
  }

  /** Sends a model to its registry. */
  async push(name: string, options: Omit<CreateOptions, "tag" | "copy" | "dtype"> = {}): Promise<string> {
    return await this.#progress(`${modelPath(name)}/push`, { "bearer-token": options.bearerToken }, options);
  }

  async #progress(path: string, body: unknown, { signal, onProgress }: CreateOptions): Promise<string> {
    const response = await this.#transport.request(path, { method: "POST", body, signal });
    for await (const line of lines(response.body)) {
      if (line.trim() === "") continue;
      const message: ProgressMessage & { error?: ErrorRecord } = JSON.parse(line);
      if (message.type === "success") return message.message;
      if (message.type === "error") {
        throw message.error ? fromErrorRecord(message.error) : new SkiffError("internal", message.message);
      }
      onProgress?.(message);
    }
    throw brokenOff(undefined);
  }

  /** Throws "not_found"; "conflict" when it has several tags and `force` is not set. */
  remove(name: string, { force }: { force?: boolean } = {}): Promise<RemovalAction[]> {
    return this.#transport.json(modelPath(name), { method: "DELETE", query: { force } });
  }

  async purge(): Promise<void> {
    await this.#transport.text("/models/purge", { method: "DELETE" });
  }

  /** Gives the full target name. */
  async tag(source: string, target: string): Promise<string> {
    const colon = target.lastIndexOf(":");
    const tagged = colon > target.lastIndexOf("/");
    const query = {
      repo: tagged ? target.slice(0, colon) : target,
      tag: tagged ? target.slice(colon + 1) : "latest",
    };
    const answer: { target: string } = await this.#transport.json(`${modelPath(source)}/tag`, {
      method: "POST",
      query,
    });
    return answer.target;
  }

  running(): Promise<RunningModelInfo[]> {
    return this.#transport.json("/engines/ps");
  }

  diskUsage(): Promise<DiskUsage> {
    return this.#transport.json("/engines/df");
  }

  /** State of each engine: {"llama.cpp": "Running: …"}. */
  status(): Promise<Record<string, string>> {
    return this.#transport.json("/engines/status");
  }

  /** How many models were unloaded. */
  async unload(what: { all?: boolean; models?: string[]; backend?: string }): Promise<number> {
    const answer: { unloaded_runners: number } = await this.#transport.json("/engines/unload", {
      method: "POST",
      body: what,
    });
    return answer.unloaded_runners;
  }

  /** Throws "conflict" when the model is in use with other settings. */
  async configure(model: string, settings: ModelSettings & { mode?: RunnerMode }): Promise<void> {
    await this.#transport.text("/engines/_configure", { method: "POST", body: { model, ...settings } });
  }

  configurations(model?: string): Promise<Configuration[]> {
    return this.#transport.json("/engines/_configure", { query: { model } });
  }

  /** Loads the model without a request. Throws "not_found" and what loading throws. */
  async preload(model: string, options: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#transport.text("/engines/v1/chat/completions", {
      method: "POST",
      body: { model },
      headers: { "x-preload-only": "true" },
      ...options,
    });
  }

  /** A streamed chat completion; `body` is OpenAI's request without `stream`. Leaving the loop cancels it. */
  async *chat(
    body: Record<string, unknown>,
    options: { signal?: AbortSignal } = {},
  ): AsyncGenerator<ChatChunk> {
    const response = await this.#transport.request(`${this.#openAIBase}/chat/completions`, {
      method: "POST",
      body: { stream_options: { include_usage: true }, ...body, stream: true },
      headers: { accept: "text/event-stream" },
      signal: options.signal,
    });
    for await (const { data } of serverSentEvents(response.body)) {
      if (data === "[DONE]") return;
      const error = data.startsWith('{"error"') ? openAIError(data) : undefined;
      if (error) throw error;
      yield JSON.parse(data);
    }
    throw brokenOff(undefined);
  }

  /** The log's text, piece by piece; without end when following. */
  async *logs(
    { follow, engines = true, signal }: { follow?: boolean; engines?: boolean; signal?: AbortSignal } = {},
  ): AsyncGenerator<string> {
    const query = { follow: follow || undefined, "no-engines": engines ? undefined : true };
    const response = await this.#transport.request("/logs", { query, signal });
    for await (const line of lines(response.body)) yield `${line}\n`;
  }

  /** The recorded requests as JSON values. */
  requests(model?: string): Promise<Record<string, unknown>[]> {
    return this.#transport.json("/engines/requests", { query: { model } });
  }

  /** Requests as they finish, each as JSON text. */
  async *followRequests(
    options: { model?: string; includeExisting?: boolean; signal?: AbortSignal } = {},
  ): AsyncGenerator<string> {
    const response = await this.#transport.request("/engines/requests", {
      query: { model: options.model, include_existing: options.includeExisting || undefined },
      headers: { accept: "text/event-stream" },
      signal: options.signal,
    });
    for await (const { event, data } of serverSentEvents(response.body)) {
      if (event !== "connected") yield data;
    }
  }

  close(): void {
    this.#transport.close();
  }
}

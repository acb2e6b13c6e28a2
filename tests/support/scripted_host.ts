/**
 * A store and a model host that hold what a test gives them: for tests of what stands above them. The host
 * answers with the events of a script and remembers what it was asked.
 */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type {
  ChatRequest,
  GenerationEvent,
  GenerationRequest,
  GenerationUsage,
} from "../../inference/chat/request.ts";
import type {
  HostOptions,
  LoadedModel,
  ModelHost,
  ModelSettings,
  RunnerMode,
} from "../../inference/runner/host.ts";
import type { RunnerInfo, RunnerStatistics } from "../../inference/runner/protocol.ts";
import type { StoredModel } from "../../inference/store/model.ts";
import type {
  ModelStore,
  PullOptions,
  PullResult,
  RemovalAction,
} from "../../inference/store/model_store.ts";

/** Answers a generation; by default the words "Whales are mammals." as four deltas. */
export type Script = (request: GenerationRequest, signal?: AbortSignal) => AsyncIterable<GenerationEvent>;

export const scriptedUsage: GenerationUsage = {
  promptTokens: 9,
  cachedTokens: 4,
  completionTokens: 4,
  reasoningTokens: 0,
  queueMs: 1,
  promptMs: 10,
  generationMs: 40,
};

/** Events of a plain text answer, one delta a word, for each of the n answers. */
export async function* textEvents(
  request: GenerationRequest,
  words: string[],
): AsyncGenerator<GenerationEvent> {
  yield { type: "start", promptTokens: 9, cachedTokens: 4 };
  for (let index = 0; index < (request.n ?? 1); index++) {
    for (const [i, text] of words.entries()) {
      const bytes = [...new TextEncoder().encode(text)];
      const top = Array.from(
        { length: request.logprobs ?? 0 },
        (_, k) => ({ token: k, text, bytes, logprob: -k - 0.5 }),
      );
      const logprobs = [{ token: 100 + i, text, bytes, logprob: -0.5, top }];
      yield { type: "delta", index, text, ...(request.logprobs === undefined ? {} : { logprobs }) };
    }
    yield { type: "end", index, finishReason: request.maxTokens === words.length ? "length" : "stop" };
  }
  yield { type: "usage", usage: scriptedUsage };
}

export function makeModel(name: string, tags = [`docker.io/ai/${name}:latest`]): StoredModel {
  const hex = [...new TextEncoder().encode(name)].map((b) => b.toString(16).padStart(2, "0")).join("");
  return {
    id: `sha256:${hex.padEnd(64, "0")}`,
    tags,
    created: 1742816981,
    config: {
      format: "gguf",
      quantization: "Q4_1",
      parameters: "134.52M",
      architecture: "llama",
      size: "91.73MiB",
      context_size: 8192,
      gguf: { "general.name": name },
    },
    layers: [],
    size: 96_000_000,
    source: "pypi:made==1",
  };
}

/** A store in memory. Pulling "ai/new" works with two progress lines; other names are not found. */
export class MadeStore implements ModelStore {
  readonly folder = "/made";
  models: StoredModel[];
  imported: string[] = [];

  constructor(models = [makeModel("smollm2"), makeModel("other")]) {
    this.models = models;
  }

  list(): Promise<StoredModel[]> {
    return Promise.resolve(this.models);
  }

  find(reference: string): Promise<StoredModel | undefined> {
    const name = reference.replace(/^docker\.io\//, "").replace(/^ai\//, "").replace(/:latest$/, "");
    const short = (tag: string) => tag.replace("docker.io/", "").replace(/^ai\//, "").replace(":latest", "");
    return Promise.resolve(
      this.models.find(({ id, tags }) =>
        tags.some((tag) => short(tag) === name) || id.startsWith(`sha256:${name}`)
      ),
    );
  }

  async pull(reference: string, { signal, onProgress }: PullOptions = {}): Promise<PullResult> {
    await Promise.resolve();
    const cached = await this.find(reference);
    if (cached) return { model: cached, cached: true, source: "made" };
    const line = {
      type: "progress" as const,
      total: 100,
      layer: { id: "sha256:aa", size: 100, current: 50 },
    };
    if (reference === "ai/missing") {
      throw new SkiffError("not_found", "Model not found: ai/missing", {
        hint: "Look for it with `skiff search`.",
      });
    }
    onProgress?.({ ...line, message: "Downloaded: 50 B <of> 100", mode: "pull" });
    if (reference === "ai/broken") throw new SkiffError("corrupt", "Wrong digest", { hint: "Pull again." });
    if (reference === "ai/endless") {
      await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    }
    const model = makeModel(reference.replace("ai/", ""));
    this.models.push(model);
    return { model, cached: false, source: "made" };
  }

  importFile(path: string, { tag = "imported" }: { tag?: string } = {}): Promise<StoredModel> {
    this.imported.push(path);
    const model = makeModel(tag);
    this.models.push(model);
    return Promise.resolve(model);
  }

  async tag(reference: string, target: string): Promise<StoredModel> {
    const model = (await this.find(reference))!;
    model.tags.push(target);
    return model;
  }

  async remove(reference: string, { force = false }: { force?: boolean } = {}): Promise<RemovalAction[]> {
    const model = (await this.find(reference))!;
    if (model.tags.length > 1 && !force) throw new SkiffError("conflict", "The model has several tags");
    this.models = this.models.filter((other) => other !== model);
    return [...model.tags.map((Untagged) => ({ Untagged })), { Deleted: model.id }];
  }

  purge(): Promise<void> {
    this.models = [];
    return Promise.resolve();
  }

  diskUsage(): Promise<{ bytes: number }> {
    return Promise.resolve({ bytes: this.models.length * 1000 });
  }

  files() {
    return Promise.resolve({ weights: ["/made/model.gguf"], adapters: [] });
  }
}

const info: RunnerInfo = {
  engine: "llama",
  device: "llama.cpp 0.5.0, CPU",
  reason: "no GPU was found",
  architecture: "llama",
  vocabularySize: 49152,
  contextTokens: 4096,
  trainedContextTokens: 8192,
  maxSequences: 4,
  maxBatchTokens: 2048,
  embeddingLength: 4,
  embeddingOnly: false,
  canTruncate: true,
  memoryBytes: 1000,
  pid: 1,
  supportsTools: true,
  supportsThinking: false,
};

/** A host that follows a script; every used model counts as loaded from then on. */
export class ScriptedHost implements ModelHost {
  requests: GenerationRequest[] = [];
  embedded: (string | number[])[][] = [];
  configured: { model: string; mode?: RunnerMode; settings: ModelSettings }[] = [];
  preloaded: string[] = [];
  closed = false;
  script: Script;
  #loaded = new Map<string, LoadedModel>();

  constructor(script: Script = (request) => textEvents(request, ["Whales", " are", " mammals", "."])) {
    this.script = script;
  }

  #load(model: StoredModel, mode: RunnerMode = "completion"): void {
    this.#loaded.set(model.id, {
      model,
      mode,
      state: "ready",
      info,
      inUse: 0,
      lastUsed: 1e12,
      keepAlive: "5m",
    });
  }

  generate(model: StoredModel, request: GenerationRequest, { signal }: HostOptions = {}) {
    this.requests.push(request);
    this.#load(model);
    return this.script(request, signal);
  }

  embed(model: StoredModel, inputs: (string | number[])[]) {
    this.embedded.push(inputs);
    this.#load(model, "embedding");
    const vectors = inputs.map((input, i) => new Float32Array([3, 4, input.length, i]));
    return Promise.resolve({ vectors, promptTokens: 7 });
  }

  rerank(model: StoredModel, query: string, documents: string[]) {
    this.#load(model, "reranking");
    // so many of the query's letters the document has
    const scores = documents.map((text) => [...query].filter((letter) => text.includes(letter)).length);
    return Promise.resolve({ scores, promptTokens: documents.length });
  }

  tokenize(_model: StoredModel, text: string): Promise<number[]> {
    return Promise.resolve([...text].map((c) => c.codePointAt(0)!));
  }

  detokenize(_model: StoredModel, tokens: number[]): Promise<string> {
    return Promise.resolve(String.fromCodePoint(...tokens));
  }

  render(_model: StoredModel, chat: ChatRequest) {
    const text = chat.messages.map(({ role, content }) => `<|${role}|>${content}`).join("");
    return Promise.resolve({ text, tokens: [1, 2] });
  }

  preload(model: StoredModel, mode?: RunnerMode): Promise<RunnerInfo> {
    this.preloaded.push(model.tags[0]);
    this.#load(model, mode);
    return Promise.resolve(info);
  }

  loaded(): LoadedModel[] {
    return [...this.#loaded.values()];
  }

  unload(ids?: string[]): Promise<number> {
    const gone = [...this.#loaded.keys()].filter((id) => !ids || ids.includes(id));
    for (const id of gone) this.#loaded.delete(id);
    return Promise.resolve(gone.length);
  }

  configure(model: StoredModel, mode: RunnerMode | undefined, settings: ModelSettings): Promise<void> {
    this.configured.push({ model: model.id, mode, settings });
    return Promise.resolve();
  }

  settings() {
    return Promise.resolve(
      this.configured.map(({ model, mode, settings }) => ({
        modelId: model,
        mode: mode ?? "completion",
        settings,
      })),
    );
  }

  statistics() {
    const statistics: RunnerStatistics = {
      active: 0,
      waiting: 0,
      promptTokens: 90,
      cachedTokens: 40,
      completionTokens: 40,
      promptMs: 100,
      generationMs: 400,
      requests: 10,
      failures: 0,
      residentBytes: 1000,
    };
    return Promise.resolve(this.loaded().map(({ model, mode }) => ({ model, mode, statistics })));
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

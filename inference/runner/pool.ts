/**
 * The model host of the server: one child process a loaded model and mode. Loads on demand, makes room by
 * unloading what was idle longest, and starts anew what died.
 */
import { SkiffError, toSkiffError } from "../../core/errors/skiff_error.ts";
import { selfCommand } from "../../core/process/self.ts";
import type { ChatRequest, GenerationEvent, GenerationRequest } from "../chat/request.ts";
import type { ModelFiles } from "../store/model_store.ts";
import type { StoredModel } from "../store/model.ts";
import { parseFlags } from "./flags.ts";
import type { HostOptions, LoadedModel, ModelHost, ModelSettings, RunnerMode } from "./host.ts";
import { LoadedRunner } from "./loaded_runner.ts";
import { cacheTokensOf, type LoadRequest, modelName, planLoad } from "./load_plan.ts";
import { availableMemory, type MemoryPlan, outOfMemory, planMemory } from "./memory_plan.ts";
import type { RunnerInfo, RunnerStatistics } from "./protocol.ts";
import { RunnerProcess } from "./runner_process.ts";
import { checkSettings, sameLoad, type SettingsEntry, SettingsFile } from "./settings_file.ts";

export type UnloadReason = "idle" | "evicted" | "asked" | "crashed" | "failed" | "closed";

export interface RunnerPoolOptions {
  /** What of a model is opened: `ModelStore.files`. */
  files(model: StoredModel): Promise<ModelFiles>;
  /** JSON file for what `configure` sets. */
  settingsPath: string;
  /** How a runner is started; default: this program with `runner`. */
  command?: { program: string; args: string[] };
  env?: Record<string, string>;
  /** Runners at a time; default: the cores, at most 8. */
  maxRunners?: number;
  /** Bytes that can be taken now; default: the system's figure. */
  availableMemory?: () => Promise<number>;
  /** Requests of a model that may wait; more are refused with "overloaded". Default 512. */
  queueLimit?: number;
  /** Engine of models that are not configured. Default "auto". */
  engine?: ModelSettings["engine"];
  /** A line of a runner's log, or about runners. */
  onLog?: (line: string, model: string) => void;
  /** A model loads; `fraction` goes from 0 to 1. */
  onLoading?: (model: StoredModel, fraction: number) => void;
  onLoaded?: (loaded: LoadedModel) => void;
  onUnloaded?: (loaded: LoadedModel, reason: UnloadReason) => void;
}

export class RunnerPool implements ModelHost {
  readonly #options: RunnerPoolOptions;
  readonly #settings: SettingsFile;
  readonly #runners = new Map<string, LoadedRunner>();
  readonly #leaving = new Set<LoadedRunner>();
  readonly #starting = new Map<string, Promise<LoadedRunner>>();
  /** Decisions about memory are made one after another. */
  #planning: Promise<unknown> = Promise.resolve();
  #closed = false;
  #changed = Promise.withResolvers<void>();

  constructor(options: RunnerPoolOptions) {
    this.#options = options;
    this.#settings = new SettingsFile(options.settingsPath);
  }

  async *generate(
    model: StoredModel,
    request: GenerationRequest,
    options: HostOptions = {},
  ): AsyncGenerator<GenerationEvent> {
    const { signal } = options;
    const runner = await this.#use(model, "completion", signal);
    const events = runner.process.generate(withSettings(request, runner));
    const leave = () => void events.return!();
    signal?.addEventListener("abort", leave, { once: true });
    try {
      if (signal?.aborted) leave();
      yield* events;
      if (signal?.aborted) throw interrupted();
    } finally {
      signal?.removeEventListener("abort", leave);
      runner.release();
    }
  }

  async embed(
    model: StoredModel,
    inputs: (string | number[])[],
    options: HostOptions & { mode?: "embedding" | "reranking" } = {},
  ): Promise<{ vectors: Float32Array[]; promptTokens: number }> {
    return await this.#with(model, options.mode ?? "embedding", options, async ({ process }) => {
      const answer = await process.question("embeddings", { op: "embed", inputs }, options.signal);
      return { vectors: answer.vectors.map(fromBase64), promptTokens: answer.promptTokens };
    });
  }

  async rerank(
    model: StoredModel,
    query: string,
    documents: string[],
    options: HostOptions = {},
  ): Promise<{ scores: number[]; promptTokens: number }> {
    return await this.#with(model, "reranking", options, async ({ process }) => {
      const question = { op: "rerank" as const, query, documents };
      const { scores, promptTokens } = await process.question("scores", question, options.signal);
      return { scores, promptTokens };
    });
  }

  async tokenize(
    model: StoredModel,
    text: string,
    options: HostOptions & { addSpecial?: boolean; parseSpecial?: boolean } = {},
  ): Promise<number[]> {
    const { addSpecial, parseSpecial } = options;
    return await this.#with(model, this.#anyMode(model), options, async ({ process }) => {
      const question = { op: "tokenize" as const, text, addSpecial, parseSpecial };
      return (await process.question("tokens", question, options.signal)).tokens;
    });
  }

  async detokenize(model: StoredModel, tokens: number[], options: HostOptions = {}): Promise<string> {
    return await this.#with(model, this.#anyMode(model), options, async ({ process }) => {
      return (await process.question("text", { op: "detokenize", tokens }, options.signal)).text;
    });
  }

  async render(
    model: StoredModel,
    chat: ChatRequest,
    options: HostOptions = {},
  ): Promise<{ text: string; tokens: number[] }> {
    return await this.#with(model, "completion", options, async ({ process }) => {
      const { text, tokens } = await process.question("rendered", { op: "render", chat }, options.signal);
      return { text, tokens };
    });
  }

  async preload(
    model: StoredModel,
    mode: RunnerMode = "completion",
    options: HostOptions = {},
  ): Promise<RunnerInfo> {
    return await this.#with(model, mode, options, ({ ready }) => ready);
  }

  loaded(): LoadedModel[] {
    return [...this.#runners.values(), ...this.#leaving].map((runner) => runner.describe());
  }

  async unload(modelIds?: string[]): Promise<number> {
    const idle = [...this.#runners.values()].filter((runner) =>
      runner.idle && (!modelIds || modelIds.includes(runner.model.id))
    );
    await Promise.all(idle.map((runner) => this.#remove(runner, "asked")));
    return idle.length;
  }

  async configure(
    model: StoredModel,
    mode: RunnerMode | undefined,
    settings: ModelSettings,
  ): Promise<void> {
    checkSettings(settings);
    const chosen = mode ?? parseFlags(settings["runtime-flags"] ?? []).mode ?? "completion";
    const runner = this.#runners.get(keyOf(model, chosen));
    if (runner && !sameLoad(runner.settings, settings)) {
      if (!runner.idle) {
        throw new SkiffError("conflict", `${modelName(model)} is in use with other settings`, {
          hint: "Try again when its requests are done, or unload it first.",
        });
      }
      await this.#remove(runner, "asked");
    }
    await this.#settings.set(model.id, chosen, settings);
    if (!runner || runner.state === "stopping") return;
    runner.keepAlive = settings.keep_alive ?? runner.keepAlive;
    runner.startIdleTime();
  }

  async settings(modelId?: string): Promise<SettingsEntry[]> {
    const entries = await this.#settings.read();
    return modelId === undefined ? entries : entries.filter((entry) => entry.modelId === modelId);
  }

  async statistics(): Promise<{ model: StoredModel; mode: RunnerMode; statistics: RunnerStatistics }[]> {
    const ready = [...this.#runners.values()].filter(({ state }) => state === "ready");
    const all = await Promise.allSettled(ready.map(async ({ model, mode, process }) => {
      const { statistics } = await process.question("statistics", { op: "statistics" });
      return { model, mode, statistics };
    }));
    return all.filter((result) => result.status === "fulfilled").map(({ value }) => value);
  }

  async close(options: { force?: boolean } = {}): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#starting.values());
    const all = [...this.#runners.values()];
    await Promise.all(all.map((runner) => this.#remove(runner, "closed", options.force)));
    await Promise.all([...this.#leaving].map(({ process }) => process.stop(options)));
  }

  async #with<T>(
    model: StoredModel,
    mode: RunnerMode,
    { signal }: HostOptions,
    ask: (runner: LoadedRunner) => Promise<T>,
  ): Promise<T> {
    const runner = await this.#use(model, mode, signal);
    try {
      return await ask(runner);
    } finally {
      runner.release();
    }
  }

  /** A ready runner, kept from being unloaded until `release`. */
  async #use(model: StoredModel, mode: RunnerMode, signal?: AbortSignal): Promise<LoadedRunner> {
    if (signal?.aborted) throw interrupted();
    for (;;) {
      const runner = await unlessAborted(this.#runner(model, mode), signal);
      runner.use();
      try {
        await unlessAborted(runner.ready, signal);
      } catch (error) {
        runner.release();
        throw error;
      }
      if (runner.state === "ready") return runner;
      runner.release(); // it was chosen for unloading at the same moment
    }
  }

  /** The runner of a model, started when there is none; requests that come meanwhile share it. */
  #runner(model: StoredModel, mode: RunnerMode): Promise<LoadedRunner> {
    const key = keyOf(model, mode);
    const present = this.#runners.get(key);
    if (present?.process.alive && present.state !== "stopping") return Promise.resolve(present);
    let starting = this.#starting.get(key);
    if (!starting) {
      starting = this.#start(model, mode).finally(() => this.#starting.delete(key));
      this.#starting.set(key, starting);
    }
    return starting;
  }

  async #start(model: StoredModel, mode: RunnerMode): Promise<LoadedRunner> {
    const settings = await this.#settings.find(model.id, mode);
    await this.#freePlace();
    if (this.#closed) throw new SkiffError("unavailable", "The server is shutting down");
    const name = modelName(model);
    const process = new RunnerProcess({
      model: name,
      command: this.#options.command ?? selfCommand(["runner"]),
      env: this.#options.env,
      onLog: (line) => this.#options.onLog?.(line, name),
      onProgress: (fraction) => this.#options.onLoading?.(model, fraction),
    });
    const runner = new LoadedRunner(model, mode, settings, process, (idle) => {
      if (idle.idle) this.#remove(idle, "idle");
    });
    this.#runners.set(keyOf(model, mode), runner);
    process.ended.then(() => this.#remove(runner, runner.state === "loading" ? "failed" : "crashed"));
    runner.ready = this.#load(runner, settings);
    runner.ready.catch(() => {}); // whoever waits for it is told
    return runner;
  }

  /** The process starts up while it is reckoned what it may load. */
  async #load(runner: LoadedRunner, settings: ModelSettings): Promise<RunnerInfo> {
    try {
      const files = await this.#options.files(runner.model);
      const request = await planLoad(runner.model, runner.mode, settings, files);
      const plan = await this.#reserve(runner, request);
      this.#report(runner, request, plan);
      runner.flags = request.flags;
      const { contextTokens } = plan;
      const cacheTokens = cacheTokensOf(contextTokens, request.configuration.parallel);
      const { queueLimit = request.configuration.queueLimit } = this.#options;
      const engine = settings.engine ?? this.#options.engine ?? "auto";
      const configuration = { ...request.configuration, engine, contextTokens, cacheTokens, queueLimit };
      runner.info = await runner.process.load(configuration);
      if (runner.state === "stopping") {
        throw new SkiffError("unavailable", "The model was unloaded while it loaded");
      }
      runner.state = "ready";
      runner.reservedBytes = 0;
      this.#options.onLoaded?.(runner.describe());
      runner.startIdleTime();
      return runner.info;
    } catch (error) {
      await this.#remove(runner, "failed", true);
      throw toSkiffError(error);
    }
  }

  /** Waits until one more runner may be started; idle ones go for it. */
  async #freePlace(): Promise<void> {
    const most = this.#options.maxRunners ?? Math.min(8, Math.max(2, navigator.hardwareConcurrency));
    while (this.#runners.size >= most && !this.#closed) {
      const oldest = this.#oldestIdle();
      if (oldest) await this.#remove(oldest, "evicted");
      else await this.#someChange();
    }
  }

  /** Decides on the context by the memory there is, unloading idle models while that helps. */
  #reserve(runner: LoadedRunner, { need }: LoadRequest): Promise<MemoryPlan> {
    const decide = async () => {
      const available = async () => {
        const free = await (this.#options.availableMemory ?? availableMemory)();
        return [...this.#runners.values()].reduce((sum, { reservedBytes }) => sum - reservedBytes, free);
      };
      for (;;) {
        const free = await available();
        const oldest = this.#oldestIdle();
        const plan = planMemory(need, free);
        const better = oldest && !need.explicit && plan &&
          plan.contextTokens < Math.min(need.contextTokens, 4096);
        if (plan && !better) {
          runner.reservedBytes = plan.bytes;
          return plan;
        }
        if (!oldest) throw outOfMemory(modelName(runner.model), need, free);
        await this.#remove(oldest, "evicted");
      }
    };
    const result = this.#planning.then(decide);
    this.#planning = result.catch(() => {});
    return result;
  }

  #report(runner: LoadedRunner, { need, flags }: LoadRequest, plan: MemoryPlan): void {
    const name = modelName(runner.model);
    const log = (line: string) => this.#options.onLog?.(line, name);
    if (plan.contextTokens < need.contextTokens) {
      log(`Context of ${name}: ${plan.contextTokens} of ${need.contextTokens} tokens fit the memory`);
    }
    if (runner.settings.speculative) log(`A draft model has no effect for ${name}: no engine here uses one`);
    if (flags.ignored.length > 0) log(`Flags without effect for ${name}: ${flags.ignored.join(" ")}`);
  }

  #oldestIdle(): LoadedRunner | undefined {
    return [...this.#runners.values()].filter(({ idle }) => idle)
      .sort((a, b) => a.lastUsed - b.lastUsed)[0];
  }

  async #remove(runner: LoadedRunner, reason: UnloadReason, force = false): Promise<void> {
    const key = keyOf(runner.model, runner.mode);
    if (this.#runners.get(key) === runner) {
      this.#runners.delete(key);
      this.#leaving.add(runner);
      runner.stopping();
      await runner.process.stop({ force });
      this.#leaving.delete(runner);
      this.#options.onUnloaded?.(runner.describe(), reason);
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    } else {
      await runner.process.ended;
    }
  }

  /** Resolves when a runner is gone or nobody uses it any more. */
  async #someChange(): Promise<void> {
    const released = Promise.race([...this.#runners.values()].map((runner) => runner.whenIdle()));
    await Promise.race([this.#changed.promise, released]);
  }

  /** Tokenising needs any runner of the model. */
  #anyMode(model: StoredModel): RunnerMode {
    const loaded = [...this.#runners.values()].find((runner) => runner.model.id === model.id);
    return loaded?.mode ?? "completion";
  }
}

const keyOf = ({ id }: StoredModel, mode: RunnerMode) => `${mode} ${id}`;

/** What the model's settings say where the request does not. */
function withSettings(request: GenerationRequest, { settings, flags }: LoadedRunner): GenerationRequest {
  const maxTokens = request.maxTokens ?? flags?.maxTokens;
  const budget = settings["reasoning-budget"] ?? flags?.reasoningBudget;
  const { prompt } = request;
  if (budget !== 0 || prompt.kind !== "chat" || prompt.chat.thinking !== undefined) {
    return { ...request, maxTokens };
  }
  return { ...request, maxTokens, prompt: { kind: "chat", chat: { ...prompt.chat, thinking: false } } };
}

function interrupted(): SkiffError {
  return new SkiffError("interrupted", "The client went away");
}

/** Throws "interrupted" as soon as the signal says so; the promise itself goes on. */
async function unlessAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return await promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(interrupted());
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function fromBase64(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer);
}

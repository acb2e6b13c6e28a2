/** What `skiff model configure` set, kept in one JSON file so that it outlives the server. */
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { parseFlags } from "./flags.ts";
import type { ModelSettings, RunnerMode } from "./host.ts";
import { keepAliveMs } from "./keep_alive.ts";

export interface SettingsEntry {
  modelId: string;
  mode: RunnerMode;
  settings: ModelSettings;
}

export class SettingsFile {
  readonly #path: string;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** All entries. Throws "corrupt" for a file that is not what was written. */
  async read(): Promise<SettingsEntry[]> {
    let text: string;
    try {
      text = await Deno.readTextFile(this.#path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
    try {
      const { models } = JSON.parse(text);
      if (Array.isArray(models)) return models;
    } catch {
      // told below
    }
    throw new SkiffError("corrupt", `The settings file ${this.#path} cannot be read`, {
      hint: "Correct it, or remove it to start with default settings.",
    });
  }

  /** What holds for a model in a mode; reranking has the settings of completion unless it has its own. */
  async find(modelId: string, mode: RunnerMode): Promise<ModelSettings> {
    const own = (await this.read()).filter((entry) => entry.modelId === modelId);
    const of = (wanted: RunnerMode) => own.find((entry) => entry.mode === wanted)?.settings;
    return of(mode) ?? (mode === "reranking" ? of("completion") : undefined) ?? {};
  }

  /** Replaces the settings of a model in a mode; the file is never half-written. */
  async set(modelId: string, mode: RunnerMode, settings: ModelSettings): Promise<void> {
    const write = async () => {
      const others = (await this.read()).filter((entry) => entry.modelId !== modelId || entry.mode !== mode);
      const models = Object.keys(settings).length > 0 ? [...others, { modelId, mode, settings }] : others;
      await Deno.mkdir(this.#path.slice(0, this.#path.lastIndexOf("/")), { recursive: true });
      const temporary = `${this.#path}.${crypto.randomUUID()}`;
      await Deno.writeTextFile(temporary, `${JSON.stringify({ models }, undefined, 2)}\n`, { mode: 0o600 });
      await Deno.rename(temporary, this.#path);
    };
    const result = this.#writing.then(write);
    this.#writing = result.catch(() => {});
    await result;
  }
}

/** Throws "invalid_input" that names the setting which cannot be. */
export function checkSettings(settings: ModelSettings): void {
  const context = settings["context-size"];
  if (context !== undefined && context !== -1 && !(Number.isInteger(context) && context > 0)) {
    throw new SkiffError("invalid_input", `A context size of ${context} is not possible`, {
      hint: "Give a number of tokens, or -1 for the model's own maximum.",
    });
  }
  if (settings.keep_alive !== undefined) keepAliveMs(settings.keep_alive);
  parseFlags(settings["runtime-flags"] ?? []);
}

/** Equal but for what a running model need not be restarted for. */
export function sameLoad(a: ModelSettings, b: ModelSettings): boolean {
  const loaded = ({ keep_alive: _, ...rest }: ModelSettings) =>
    JSON.stringify(Object.entries(rest).filter(([, value]) => value !== undefined).sort());
  return loaded(a) === loaded(b);
}

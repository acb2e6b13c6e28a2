/** One entry of the pool: a runner with who uses it and when it will go. */
import type { StoredModel } from "../store/model.ts";
import type { ParsedFlags } from "./flags.ts";
import type { LoadedModel, ModelSettings, RunnerMode } from "./host.ts";
import { defaultKeepAlive, keepAliveMs } from "./keep_alive.ts";
import type { RunnerInfo } from "./protocol.ts";
import type { RunnerProcess } from "./runner_process.ts";

export class LoadedRunner {
  readonly model: StoredModel;
  readonly mode: RunnerMode;
  readonly settings: ModelSettings;
  readonly process: RunnerProcess;
  /** Resolves when it is ready; rejects with why it could not be loaded. */
  ready!: Promise<RunnerInfo>;
  state: LoadedModel["state"] = "loading";
  info?: RunnerInfo;
  flags?: ParsedFlags;
  /** What was reckoned for it while it loads; 0 when it is ready, for it shows in the system's figures then. */
  reservedBytes = 0;
  keepAlive: string;
  #users = 0;
  #lastUsed = Date.now();
  #timer?: ReturnType<typeof setTimeout>;
  #expires?: number;
  #waiting: (() => void)[] = [];
  readonly #onIdle: (runner: LoadedRunner) => void;

  constructor(
    model: StoredModel,
    mode: RunnerMode,
    settings: ModelSettings,
    process: RunnerProcess,
    onIdle: (runner: LoadedRunner) => void,
  ) {
    this.model = model;
    this.mode = mode;
    this.settings = settings;
    this.process = process;
    this.keepAlive = settings.keep_alive ?? defaultKeepAlive;
    this.#onIdle = onIdle;
  }

  get inUse(): number {
    return this.#users;
  }

  get lastUsed(): number {
    return this.#lastUsed;
  }

  /** Can go at any time. */
  get idle(): boolean {
    return this.#users === 0 && this.state === "ready";
  }

  use(): void {
    this.#users++;
    this.#clearTimer();
  }

  release(): void {
    this.#users--;
    this.#lastUsed = Date.now();
    this.startIdleTime();
  }

  /** Resolves when nobody uses it any more. */
  whenIdle(): Promise<void> {
    return this.idle ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Begins to count the keep-alive time, when nobody uses it. */
  startIdleTime(): void {
    this.#clearTimer();
    if (this.#users === 0) this.#waiting.splice(0).forEach((resolve) => resolve());
    if (this.#users > 0 || this.state === "stopping") return;
    const ms = keepAliveMs(this.keepAlive);
    if (ms === Infinity) return;
    if (ms === 0) return this.#onIdle(this);
    this.#expires = Date.now() + ms;
    const timer = setTimeout(() => this.#onIdle(this), Math.min(ms, 2 ** 31 - 1));
    Deno.unrefTimer(timer);
    this.#timer = timer;
  }

  stopping(): void {
    this.state = "stopping";
    this.#clearTimer();
  }

  describe(): LoadedModel {
    const { model, mode, state, info, inUse, lastUsed, keepAlive } = this;
    return { model, mode, state, info, inUse, lastUsed, expires: this.#expires, keepAlive };
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#expires = undefined;
  }
}

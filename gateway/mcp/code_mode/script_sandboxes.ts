/** The sandboxes of a gateway: one is kept warm, more are started when scripts run at once. */
import type { ScriptResult, ScriptRun } from "./script_sandbox.ts";
import { ScriptSandbox } from "./script_sandbox.ts";

export interface ScriptSandboxesOptions {
  /** Scripts that run at once; others wait. Default 4. */
  most?: number;
  /** Program and arguments of a sandbox. Default: skiff itself. */
  command?: (args: string[]) => { program: string; args: string[] };
  /** Milliseconds without a script until the warm one is ended; the next script waits for a new one. Default 10 min. */
  idleMs?: number;
}

const defaultIdleMs = 10 * 60_000;

export class ScriptSandboxes {
  readonly #options: ScriptSandboxesOptions;
  readonly #all = new Set<ScriptSandbox>();
  readonly #idle: ScriptSandbox[] = [];
  readonly #queue: (() => void)[] = [];
  #running = 0;
  #timer?: ReturnType<typeof setTimeout>;

  constructor(options: ScriptSandboxesOptions = {}) {
    this.#options = options;
  }

  /** Processes that run. */
  get size(): number {
    return this.#all.size;
  }

  /** Starts one, so that the next script need not wait for it. */
  warm(): void {
    if (this.#idle.length + this.#running === 0) this.#idle.push(this.#start());
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#letGo(), this.#options.idleMs ?? defaultIdleMs);
    Deno.unrefTimer(this.#timer);
  }

  /** Runs a script; see `ScriptSandbox.run`. */
  async run(run: ScriptRun): Promise<ScriptResult> {
    while (this.#running >= (this.#options.most ?? 4)) {
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    }
    this.#running++;
    const sandbox = this.#take();
    try {
      return await sandbox.run(run);
    } finally {
      this.#running--;
      const closed = !this.#all.has(sandbox);
      if (!closed && sandbox.alive && this.#idle.length === 0) this.#idle.push(sandbox);
      else this.#drop(sandbox);
      this.#queue.shift()?.();
      if (!closed) this.warm();
    }
  }

  /** Ends all of them; a later script starts one again. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    const all = [...this.#all];
    this.#idle.length = 0;
    this.#all.clear();
    await Promise.all(all.map((sandbox) => sandbox.close()));
  }

  /** A process that waits for scripts has some 60 MB. */
  #letGo(): void {
    for (const sandbox of this.#idle.splice(0)) this.#drop(sandbox);
  }

  #take(): ScriptSandbox {
    const sandbox = this.#idle.pop();
    if (sandbox?.alive) return sandbox;
    if (sandbox) this.#drop(sandbox);
    return this.#start();
  }

  #start(): ScriptSandbox {
    const sandbox = new ScriptSandbox(this.#options.command);
    this.#all.add(sandbox);
    return sandbox;
  }

  #drop(sandbox: ScriptSandbox): void {
    this.#all.delete(sandbox);
    sandbox.kill();
  }
}

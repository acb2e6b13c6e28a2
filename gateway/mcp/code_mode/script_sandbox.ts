/** One sandbox process as the gateway sees it: started, given one script after the other, killed at a limit. */
import { selfCommand } from "../../../core/process/self.ts";
import { bytePieces } from "../servers/byte_pieces.ts";
import { LineSplitter } from "../servers/line_splitter.ts";
import type { FromSandbox, ScriptFunction, ScriptLimits, ToSandbox } from "./sandbox_protocol.ts";

export interface ScriptRun {
  script: string;
  functions: ScriptFunction[];
  limits: ScriptLimits;
  /** Calls a tool by its public name; throws what the script then sees as an error. */
  call(tool: string, args: Record<string, unknown>, signal: AbortSignal): Promise<string>;
  signal: AbortSignal;
}

export interface ScriptResult {
  failed: boolean;
  /** The result, or the error's text. */
  text: string;
  /** What the script printed. */
  console: string;
}

/** Bytes; a result is bounded by the limits, the arguments of a call by the memory. */
const longestLine = 2 ** 28;
const encoder = new TextEncoder();

type Message = Exclude<FromSandbox, { type: "ready" | "trial" }>;

export class ScriptSandbox {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #ready = Promise.withResolvers<void>();
  #heard: (message: Message) => void = () => {};
  readonly #ended = Promise.withResolvers<void>();
  #alive = true;
  #runs = 0;

  constructor(command: (args: string[]) => { program: string; args: string[] } = selfCommand) {
    const { program, args } = command(["code-mode-sandbox"]);
    const pass = ["PATH", "HOME", "DENO_DIR"].flatMap((name) => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value]];
    });
    this.#child = new Deno.Command(program, {
      args,
      env: { ...Object.fromEntries(pass), DENO_NO_UPDATE_CHECK: "1" },
      clearEnv: true,
      detached: true, // an interrupt at the terminal is the gateway's
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#ready.promise.catch(() => {});
    this.#listen();
  }

  /** False when it has ended; another one is to be started then. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Resolves when a script would start at once. Throws when it ends before. */
  async ready(): Promise<void> {
    await this.#ready.promise;
  }

  /** Runs one script to its end, a limit or the signal. Never throws: a limit is a failed result. */
  async run({ script, functions, limits, call, signal }: ScriptRun): Promise<ScriptResult> {
    const { promise, resolve } = Promise.withResolvers<ScriptResult>();
    const calls = new AbortController();
    const stop = (text: string) => {
      resolve({ failed: true, text, console: "" });
      this.kill();
    };
    const clock = new ScriptClock(limits, stop);
    const aborted = () => stop("the call was cancelled");
    signal.addEventListener("abort", aborted, { once: true });
    const allowed = new Set(functions.map(({ tool }) => tool));
    const number = ++this.#runs;
    let count = 0;
    this.#heard = (message) => {
      if (message.type === "memory") return stop(overMemory(limits));
      if (message.type === "done") {
        if (message.last) this.kill();
        return resolve({ failed: message.failed, text: message.text, console: message.console });
      }
      if (++count > limits.calls) return stop(`it made more than ${limits.calls} tool calls`);
      clock.pause();
      this.#answer(message, number, allowed, (tool, args) => call(tool, args, calls.signal))
        .finally(() => clock.resume());
    };
    this.#ended.promise.then(() => stop(`its process ended; it may have taken too much memory`));
    try {
      if (signal.aborted) aborted();
      else {
        await Promise.race([this.ready().catch(() => {}), promise]);
        clock.start();
        this.#ready = Promise.withResolvers();
        this.#ready.promise.catch(() => {});
        const { memory, totalMs, output: longestOutput } = limits;
        this.#say({ type: "run", run: number, script, functions, memory, totalMs, longestOutput });
      }
      return await promise;
    } finally {
      clock.end();
      this.#heard = () => {};
      signal.removeEventListener("abort", aborted);
      calls.abort(new DOMException("The script has ended", "AbortError"));
    }
  }

  /** Ends it. */
  async close(): Promise<void> {
    this.kill();
    await this.#ended.promise;
  }

  kill(): void {
    this.#alive = false;
    try {
      this.#child.kill("SIGKILL");
    } catch { /* it has ended */ }
  }

  async #answer(
    { call: id, tool, arguments: args }: Extract<Message, { type: "call" }>,
    run: number,
    allowed: Set<string>,
    call: (tool: string, args: Record<string, unknown>) => Promise<string>,
  ): Promise<void> {
    try {
      if (!allowed.has(tool)) throw new Error(`There is no tool ${tool}`);
      this.#say({ type: "answer", run, call: id, text: await call(tool, args), failed: false });
    } catch (error) {
      this.#say({ type: "answer", run, call: id, text: (error as Error).message, failed: true });
    }
  }

  #say(message: ToSandbox): void {
    this.#input.write(encoder.encode(`${JSON.stringify(message)}\n`)).catch(() => {}); // its end is heard
  }

  async #listen(): Promise<void> {
    const lines = new LineSplitter(longestLine);
    const decoder = new TextDecoder();
    try {
      for await (const bytes of bytePieces(this.#child.stdout)) {
        for (const line of lines.push(bytes)) this.#take(JSON.parse(decoder.decode(line.bytes)));
      }
    } catch {
      this.kill(); // what it writes is no protocol any more
    }
    await this.#child.status;
    this.#alive = false;
    this.#ready.reject(new Error("The sandbox of scripts did not start"));
    this.#ended.resolve();
  }

  #take(message: FromSandbox): void {
    if (message.type === "ready") this.#ready.resolve();
    else if (message.type !== "trial") this.#heard(message);
  }
}

function overMemory({ memory }: ScriptLimits): string {
  return `it took more than ${Math.round(memory / 2 ** 20)} MiB of memory`;
}

/** The script's own time, which stands while it waits for tools, and the time over all. */
class ScriptClock {
  readonly #limits: ScriptLimits;
  readonly #stop: (text: string) => void;
  #left: number;
  #since = 0;
  #waiting = 0;
  #own?: ReturnType<typeof setTimeout>;
  #total?: ReturnType<typeof setTimeout>;

  constructor(limits: ScriptLimits, stop: (text: string) => void) {
    this.#limits = limits;
    this.#stop = stop;
    this.#left = limits.ownMs;
  }

  start(): void {
    const { totalMs } = this.#limits;
    this.#total = setTimeout(() => this.#stop(`it took longer than ${totalMs / 1000} s`), totalMs);
    this.#go();
  }

  pause(): void {
    if (this.#waiting++ > 0) return;
    clearTimeout(this.#own);
    this.#left -= performance.now() - this.#since;
  }

  resume(): void {
    if (--this.#waiting === 0 && this.#total !== undefined) this.#go();
  }

  end(): void {
    clearTimeout(this.#own);
    clearTimeout(this.#total);
    this.#total = undefined;
  }

  #go(): void {
    this.#since = performance.now();
    const { ownMs } = this.#limits;
    this.#own = setTimeout(() => this.#stop(`it ran longer than ${ownMs / 1000} s`), Math.max(this.#left, 0));
  }
}

/**
 * `skiff code-mode-sandbox` (hidden): the process in which scripts run, one at a time, each in a new worker. A
 * process, since a worker that fills its heap ends all of the process that it is in. It gives up its permissions
 * at the start, and ends with its stdin.
 */
import type { FromSandbox, ToSandbox } from "./sandbox_protocol.ts";
import {
  answerLength,
  answerStart,
  answerState,
  type FromWorker,
  longestAnswer,
  startWorker,
  type ToWorker,
} from "./sandbox_worker.ts";

/** Milliseconds between looks at the memory. */
const memoryEveryMs = 10;

type Run = Extract<ToSandbox, { type: "run" }>;

class SandboxProcess {
  #worker = startWorker();
  #shared = newShared();
  readonly #waits = new Set<number>();
  #watch?: ReturnType<typeof setInterval>;
  readonly #out = Deno.stdout.writable.getWriter();

  constructor() {
    this.#listen();
  }

  take(message: ToSandbox): void {
    if (message.type === "run") this.#run(message);
    else this.#answer(message.call, JSON.stringify({ failed: message.failed, text: message.text }));
  }

  #listen(): void {
    this.#worker.onmessage = ({ data }) => this.#heard(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#done(JSON.stringify({ failed: true, text: event.message, console: "" }));
    };
  }

  #run({ script, functions, memory, longestOutput }: Run): void {
    const before = Deno.memoryUsage().rss;
    this.#watch = setInterval(() => {
      if (Deno.memoryUsage().rss - before <= memory) return;
      clearInterval(this.#watch);
      this.#say({ type: "memory" }).finally(() => Deno.exit(1));
    }, memoryEveryMs);
    const run = { type: "run", script, functions: JSON.stringify(functions), longestOutput } as const;
    this.#post({ ...run, shared: this.#shared });
  }

  #heard(message: FromWorker): void {
    if (message.type === "ready") this.#say({ type: "ready" });
    else if (message.type === "done") this.#done(message.result);
    else {
      if (message.waits) this.#waits.add(message.call);
      const args = JSON.parse(message.arguments);
      this.#say({ type: "call", call: message.call, tool: message.tool, arguments: args });
    }
  }

  #answer(call: number, answer: string): void {
    if (!this.#waits.delete(call)) return this.#post({ type: "answer", call, answer });
    let bytes = new TextEncoder().encode(answer);
    if (bytes.length > longestAnswer) {
      const text = `The tool's result has ${bytes.length} bytes, more than ${longestAnswer}`;
      bytes = new TextEncoder().encode(JSON.stringify({ failed: true, text }));
    }
    const needed = answerStart + bytes.length;
    if (this.#shared.byteLength < needed) this.#shared.grow(needed);
    new Uint8Array(this.#shared, answerStart).set(bytes);
    const cells = new Int32Array(this.#shared, 0, 2);
    Atomics.store(cells, answerLength, bytes.length);
    Atomics.store(cells, answerState, 1);
    Atomics.notify(cells, answerState);
  }

  /** Nothing of a script is left for the next one. */
  #done(result: string): void {
    clearInterval(this.#watch);
    this.#worker.onmessage = this.#worker.onerror = null;
    this.#worker.terminate();
    this.#waits.clear();
    const said = this.#say({ ...JSON.parse(result), type: "done" });
    this.#shared = newShared();
    said.then(() => { // starting a worker holds this thread: not before the result is on its way
      this.#worker = startWorker();
      this.#listen();
    });
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #say(message: FromSandbox): Promise<unknown> {
    const bytes = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
    return this.#out.write(bytes);
  }
}

function newShared(): SharedArrayBuffer {
  return new SharedArrayBuffer(64 * 1024, { maxByteLength: answerStart + longestAnswer });
}

/** Serves until stdin ends. Gives the exit code. */
export async function runCodeModeSandbox(): Promise<number> {
  for (const name of ["run", "read", "write", "net", "env", "sys", "ffi", "import"] as const) {
    Deno.permissions.revokeSync({ name } as Deno.PermissionDescriptor);
  }
  const sandbox = new SandboxProcess();
  let rest = "";
  for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) sandbox.take(JSON.parse(line));
  }
  return 0;
}

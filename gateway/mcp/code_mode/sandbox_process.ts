/**
 * `skiff code-mode-sandbox` (hidden): the process in which scripts run, one at a time, each in a new worker. A
 * process, since a worker that fills its heap ends all of the process that it is in. It gives up its permissions
 * at the start, and ends with its stdin.
 */
import { standardInput } from "../servers/byte_pieces.ts";
import { LineSplitter } from "../servers/line_splitter.ts";
import type { FromSandbox, ToSandbox } from "./sandbox_protocol.ts";
import {
  answerLength,
  answerStart,
  answerState,
  type FromWorker,
  longestAnswer,
  startWorker,
  type ToWorker,
  waits,
} from "./sandbox_worker.ts";

/** Milliseconds between looks at the memory. */
const memoryEveryMs = 10;

type Run = Extract<ToSandbox, { type: "run" }>;

/** Of both kinds that there are, waiting and with promises. */
const trials = ["return JSON.parse(trial({a: 1})).a", "return (await Promise.all([trial({a: 1})]))[0]"];
const trialAnswer = '{"failed":false,"text":"{\\"a\\":1}"}';
const trialFunctions = JSON.stringify([{ identifier: "trial", tool: "trial" }]);

class SandboxProcess {
  #worker = startWorker();
  #shared = newShared();
  /** The script's number; 0: there is none. */
  #running = 0;
  #watch?: ReturnType<typeof setInterval>;
  /** That the worker still has to make. */
  #trials = [...trials];
  #trying = false;
  /** Bytes in use when a script can come. */
  #before = 0;

  constructor() {
    this.#listen();
  }

  take(message: ToSandbox): void {
    if (message.type === "run") this.#run(message);
    else if (message.run === this.#running) {
      this.#answer(message.call, JSON.stringify({ failed: message.failed, text: message.text }));
    }
  }

  #listen(): void {
    this.#worker.onmessage = ({ data }) => this.#heard(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      if (this.#running > 0) this.#say({ type: "done", failed: true, text: event.message, console: "" });
      this.#done();
    };
  }

  #run({ run: number, script, functions, memory, longestOutput }: Run): void {
    this.#running = number;
    const run = {
      type: "run",
      script,
      functions: JSON.stringify(functions),
      longestOutput,
      trial: false,
    } as const;
    this.#post({ ...run, shared: this.#shared });
    this.#watch = setInterval(() => {
      if (Deno.memoryUsage().rss - this.#before <= memory) return;
      this.#say({ type: "memory" });
      Deno.exit(1);
    }, memoryEveryMs);
  }

  #heard(message: FromWorker): void {
    if (message.type === "ready") this.#ready();
    else if (message.type === "call") this.#answer(message.call, trialAnswer);
    else if (!this.#trying) this.#done();
  }

  #ready(): void {
    const script = this.#trials.shift();
    this.#trying = script !== undefined;
    if (script === undefined) {
      this.#before = Deno.memoryUsage().rss;
      return this.#say({ type: "ready" });
    }
    const run = { type: "run", script, functions: trialFunctions, longestOutput: 100, trial: true } as const;
    this.#post({ ...run, shared: this.#shared });
  }

  #answer(call: number, answer: string): void {
    if (!waits(call)) return this.#post({ type: "answer", call, answer });
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
  #done(): void {
    clearInterval(this.#watch);
    this.#worker.onmessage = this.#worker.onerror = null;
    this.#worker.terminate();
    this.#running = 0;
    this.#shared = newShared();
    this.#trials = [...trials];
    this.#worker = startWorker();
    this.#listen();
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  /** At once: the gateway always reads. */
  #say(message: FromSandbox): void {
    const bytes = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
    for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
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
  const lines = new LineSplitter(Infinity);
  const decoder = new TextDecoder();
  for await (const bytes of standardInput()) {
    for (const line of lines.push(bytes)) sandbox.take(JSON.parse(decoder.decode(line.bytes)));
  }
  return 0;
}

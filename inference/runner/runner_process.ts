/**
 * The server's end of one runner: starts the child, sends commands, gives answers to whom they belong. When
 * the child dies only what was in flight fails.
 */
import { fromErrorRecord, SkiffError } from "../../core/errors/skiff_error.ts";
import type { GenerationEvent, GenerationRequest } from "../chat/request.ts";
import { readLines } from "./line_stream.ts";
import { explainFailure } from "./load_failure.ts";
import type {
  RunnerCommand,
  RunnerConfiguration,
  RunnerInfo,
  RunnerMessage,
  RunnerResult,
} from "./protocol.ts";
import { PushQueue } from "./push_queue.ts";

export interface RunnerProcessOptions {
  /** Model name for messages. */
  model: string;
  command: { program: string; args: string[] };
  env?: Record<string, string>;
  onLog?: (line: string) => void;
  onProgress?: (fraction: number) => void;
}

/** A command that waits for an answer, without its id. */
type Question = { [Op in RunnerCommand["op"]]: Omit<Extract<RunnerCommand, { op: Op }>, "id"> }[
  "embed" | "rerank" | "tokenize" | "detokenize" | "render" | "statistics"
];

interface Pending {
  event?(event: GenerationEvent): void;
  result?(result: RunnerResult): void;
  end(error?: unknown): void;
}

const keptLogLines = 40;
/** How long a runner may take to end after it was told to, before it is killed. */
const stopMs = 5000;

export class RunnerProcess {
  readonly #options: RunnerProcessOptions;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #encoder = new TextEncoder();
  readonly #pending = new Map<number, Pending>();
  readonly #lastLines: string[] = [];
  #nextId = 1;
  #failure?: SkiffError;
  #stopping = false;
  #ready = Promise.withResolvers<RunnerInfo>();
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;
  alive = true;

  constructor(options: RunnerProcessOptions) {
    this.#options = options;
    const { program, args } = options.command;
    this.#child = new Deno.Command(program, {
      args,
      env: options.env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#ready.promise.catch(() => {}); // whoever loads asks for it
    const log = this.#readLog();
    this.ended = this.#watch(log);
  }

  get pid(): number {
    return this.#child.pid;
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  /** Loads the model. Throws why it could not be loaded, in words for people. */
  async load(configuration: RunnerConfiguration): Promise<RunnerInfo> {
    this.#send({ op: "load", configuration });
    return await this.#ready.promise;
  }

  /** Ending the iteration cancels the generation. */
  generate(request: GenerationRequest): AsyncIterableIterator<GenerationEvent> {
    const id = this.#nextId++;
    const queue = new PushQueue<GenerationEvent>(() => {
      if (this.#pending.delete(id)) this.#send({ op: "cancel", id });
    });
    this.#ask(id, { event: (event) => queue.push(event), end: (error) => queue.end(error) });
    this.#send({ op: "generate", id, request });
    return queue;
  }

  /** Asks one question. */
  async question<Kind extends RunnerResult["kind"]>(
    kind: Kind,
    command: Question,
    signal?: AbortSignal,
  ): Promise<Extract<RunnerResult, { kind: Kind }>> {
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<RunnerResult>();
    this.#ask(id, { result: resolve, end: reject });
    this.#send({ ...command, id } as RunnerCommand);
    const leave = () => {
      if (this.#pending.delete(id)) this.#send({ op: "cancel", id });
      reject(new SkiffError("interrupted", "The client went away"));
    };
    if (signal?.aborted) leave();
    signal?.addEventListener("abort", leave, { once: true });
    try {
      const result = await promise;
      if (result.kind !== kind) throw new SkiffError("internal", `The runner answered ${result.kind}`);
      return result as Extract<RunnerResult, { kind: Kind }>;
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  /** Ends the process: what runs may finish first unless `force`; killed when it does not end in time. */
  async stop(options: { force?: boolean } = {}): Promise<void> {
    this.#stopping = true;
    if (!this.alive) return await this.ended;
    if (options.force) this.#kill();
    else this.#send({ op: "shutdown" });
    // the bound begins when nothing is in flight any more
    const timer = setInterval(() => this.#pending.size === 0 && this.#kill(), stopMs);
    try {
      await this.ended;
    } finally {
      clearInterval(timer);
    }
  }

  #kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // it is gone already
    }
  }

  #ask(id: number, pending: Pending): void {
    if (this.alive) this.#pending.set(id, pending);
    else pending.end(this.#failure);
  }

  #send(command: RunnerCommand): void {
    if (!this.alive) return;
    this.#writer.write(this.#encoder.encode(`${JSON.stringify(command)}\n`)).catch(() => {}); // see #watch
  }

  async #watch(log: Promise<void>): Promise<void> {
    const reader = this.#child.stdout.getReader();
    const source = pulled(reader);
    try {
      for await (const line of readLines(source)) {
        if (line.startsWith("{")) this.#take(JSON.parse(line));
        else this.#log(line); // a library that prints what it should not
      }
    } catch (error) {
      this.#lastLines.push(`The runner's output cannot be read: ${error}`);
      this.#kill();
    }
    const [status] = await Promise.all([this.#child.status, log, this.#writer.close().catch(() => {})]);
    this.alive = false;
    this.#failure ??= this.#stopping ? stopped(this.#options.model) : crashed(this.#options.model, status);
    this.#ready.reject(explainFailure(this.#failure, this.#lastLines));
    for (const pending of this.#pending.values()) pending.end(this.#failure);
    this.#pending.clear();
  }

  #take(message: RunnerMessage): void {
    if (message.type === "loading") this.#options.onProgress?.(message.fraction);
    else if (message.type === "ready") this.#ready.resolve(message.info);
    else if (message.type === "failed") this.#failure = fromErrorRecord(message.error);
    else {
      const pending = this.#pending.get(message.id);
      if (!pending) return; // cancelled meanwhile
      if (message.type === "event") return pending.event?.(message.event);
      this.#pending.delete(message.id);
      if (message.type === "result") pending.result?.(message.result);
      else pending.end(message.type === "error" ? fromErrorRecord(message.error) : undefined);
    }
  }

  async #readLog(): Promise<void> {
    const reader = this.#child.stderr.getReader();
    for await (const line of readLines(pulled(reader))) this.#log(line);
  }

  #log(line: string): void {
    this.#options.onLog?.(line);
    this.#lastLines.push(line);
    if (this.#lastLines.length > keptLogLines) this.#lastLines.shift();
  }
}

/** A stream's reader in the form of a file. */
function pulled(reader: ReadableStreamDefaultReader<Uint8Array>) {
  let rest = new Uint8Array();
  return {
    async read(buffer: Uint8Array): Promise<number | null> {
      while (rest.length === 0) {
        const { value, done } = await reader.read();
        if (done) return null;
        rest = value as Uint8Array<ArrayBuffer>;
      }
      const count = Math.min(rest.length, buffer.length);
      buffer.set(rest.subarray(0, count));
      rest = rest.subarray(count);
      return count;
    },
  };
}

function crashed(model: string, status: Deno.CommandStatus): SkiffError {
  const how = status.signal ? `it was ended by ${status.signal}` : `it ended with code ${status.code}`;
  return new SkiffError("unavailable", `The runner of model ${model} ended unexpectedly: ${how}`, {
    hint: "Send the request again: it starts a new runner. `skiff model logs` shows what happened.",
    details: { signal: status.signal ?? undefined, exitCode: status.code },
  });
}

function stopped(model: string): SkiffError {
  return new SkiffError("unavailable", `The runner of model ${model} was stopped`, {
    hint: "Send the request again: it starts a new runner.",
  });
}

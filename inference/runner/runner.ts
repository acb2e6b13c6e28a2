/**
 * The life of a runner: takes commands line by line, steps the scheduler while there is work, and answers.
 * Between two steps it lets the event loop turn once, so that new requests and cancellations are seen.
 */
import { setImmediate } from "node:timers";
import { SkiffError, toErrorRecord } from "../../core/errors/skiff_error.ts";
import type { JobHandle } from "../scheduler/job.ts";
import { Scheduler } from "../scheduler/scheduler.ts";
import { startGeneration } from "./generation.ts";
import type { LineWriter } from "./line_stream.ts";
import type { ModelParts } from "./model_parts.ts";
import { checkTokens, encodePieces } from "./prompt.ts";
import { encodePair } from "./rerank.ts";
import type {
  RunnerCommand,
  RunnerConfiguration,
  RunnerInfo,
  RunnerMessage,
  RunnerResult,
  RunnerStatistics,
} from "./protocol.ts";

type Result<Kind extends RunnerResult["kind"]> = Extract<RunnerResult, { kind: Kind }>;
type Command<Op extends RunnerCommand["op"]> = Extract<RunnerCommand, { op: Op }>;

/** Bytes of prompts that are kept beside the engine's own cache. */
const largestParking = 2 ** 30;

export class Runner {
  readonly #parts: ModelParts;
  readonly #scheduler: Scheduler;
  readonly #writer: LineWriter;
  readonly #configuration: RunnerConfiguration;
  readonly #running = new Map<number, JobHandle | undefined>();
  /** Calls of the engine that must not overlap a step. */
  #between: (() => Promise<void>)[] = [];
  #stopping = false;
  #wake: () => void = () => {};
  #embedded = { requests: 0, failures: 0, tokens: 0, ms: 0 };

  constructor(parts: ModelParts, configuration: RunnerConfiguration, writer: LineWriter) {
    this.#parts = parts;
    this.#writer = writer;
    this.#configuration = configuration;
    this.#scheduler = new Scheduler({
      engine: parts.engine,
      tokenizer: parts.tokenizer,
      createSampler: (options) => parts.createSampler(options),
      parallel: configuration.parallel,
      queueLimit: configuration.queueLimit,
      parkedBytes: Math.min(largestParking, Deno.systemMemoryInfo().total / 20),
    });
  }

  get info(): RunnerInfo {
    const { engine, chat } = this.#parts;
    return {
      ...engine.info,
      pid: Deno.pid,
      supportsTools: chat?.supportsTools ?? false,
      supportsThinking: chat?.supportsThinking ?? false,
    };
  }

  /** Serves until `shutdown` was asked for and all work is done. */
  async run(): Promise<void> {
    while (!this.#stopping || this.#scheduler.busy || this.#between.length > 0 || this.#running.size > 0) {
      if (this.#scheduler.busy) await this.#scheduler.step();
      for (const call of this.#between.splice(0)) await call();
      this.#writer.flush();
      if (this.#scheduler.busy || this.#between.length > 0) await eventLoopTurn();
      else if (!this.#stopping || this.#running.size > 0) await this.#work();
    }
    this.#parts.engine.close();
  }

  /** Takes a command; never throws. */
  take(command: RunnerCommand): void {
    if (command.op === "shutdown") this.#stopping = true;
    else if (command.op === "cancel") this.#cancel(command.id);
    else if (command.op === "generate") this.#generate(command);
    else if (command.op === "embed") this.#between.push(() => this.#answer(command.id, this.#embed(command)));
    else if (command.op === "rerank") {
      this.#between.push(() => this.#answer(command.id, this.#rerank(command)));
    } else if (command.op !== "load") this.#answer(command.id, this.#quick(command));
    this.#wake();
  }

  /** Resolves when there may be something to do. */
  #work(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }

  #send(message: RunnerMessage): void {
    this.#writer.add(message);
  }

  async #generate({ id, request }: Command<"generate">): Promise<void> {
    this.#running.set(id, undefined);
    const end = (error?: unknown) => {
      if (!this.#running.delete(id)) return;
      this.#send(
        error === undefined ? { type: "done", id } : { type: "error", id, error: toErrorRecord(error) },
      );
    };
    try {
      const defaults = { ...this.#parts.defaults, ...this.#configuration.defaults };
      const handle = await startGeneration(this.#parts, this.#scheduler, request, {
        event: (event) => this.#send({ type: "event", id, event }),
        end,
      }, defaults);
      if (this.#running.has(id)) this.#running.set(id, handle);
      else handle.cancel(); // the client left while the prompt was prepared
    } catch (error) {
      end(error);
    }
    this.#wake();
  }

  #cancel(id: number): void {
    this.#running.get(id)?.cancel();
    this.#running.delete(id);
  }

  async #answer(id: number, result: Promise<RunnerResult>): Promise<void> {
    try {
      this.#send({ type: "result", id, result: await result });
    } catch (error) {
      this.#send({ type: "error", id, error: toErrorRecord(error) });
    }
    this.#wake();
  }

  async #embed({ inputs }: Command<"embed">): Promise<RunnerResult> {
    const { engine, tokenizer } = this.#parts;
    return await this.#counted(async (): Promise<Result<"embeddings">> => {
      const tokens = inputs.map((input) => {
        if (typeof input === "string") {
          return tokenizer.encode(input, { addSpecial: true, parseSpecial: true });
        }
        checkTokens(input, tokenizer.size);
        return Int32Array.from(input);
      });
      const pooling = this.#configuration.pooling ??
        (this.#configuration.mode === "reranking" ? "rank" : undefined);
      const vectors = await engine.embed(tokens, pooling);
      return { kind: "embeddings", vectors: vectors.map(toBase64), promptTokens: totalLength(tokens) };
    });
  }

  async #rerank({ query, documents }: Command<"rerank">): Promise<RunnerResult> {
    return await this.#counted(async (): Promise<Result<"scores">> => {
      const pairs = documents.map((document) => encodePair(query, document, this.#parts));
      const tokens = pairs.map((pair) => pair.tokens);
      const scores = await this.#parts.engine.embed(tokens, "rank", pairs.map((pair) => pair.secondFrom));
      return { kind: "scores", scores: scores.map(([score]) => score), promptTokens: totalLength(tokens) };
    });
  }

  /** Adds what was embedded to the statistics. */
  async #counted<T extends RunnerResult & { promptTokens: number }>(work: () => Promise<T>): Promise<T> {
    const before = performance.now();
    this.#embedded.requests++;
    try {
      const result = await work();
      this.#embedded.tokens += result.promptTokens;
      this.#embedded.ms += performance.now() - before;
      return result;
    } catch (error) {
      this.#embedded.failures++;
      throw error;
    }
  }

  // deno-lint-ignore require-await -- what it throws becomes the answer
  async #quick(command: Command<"tokenize" | "detokenize" | "render" | "statistics">): Promise<RunnerResult> {
    const { tokenizer, chat } = this.#parts;
    if (command.op === "tokenize") {
      const { text, addSpecial, parseSpecial } = command;
      return { kind: "tokens", tokens: [...tokenizer.encode(text, { addSpecial, parseSpecial })] };
    }
    if (command.op === "detokenize") {
      checkTokens(command.tokens, tokenizer.size);
      return { kind: "text", text: tokenizer.decode(command.tokens, { special: true }) };
    }
    if (command.op === "statistics") return { kind: "statistics", statistics: this.#statistics() };
    if (!chat) throw new SkiffError("unsupported", "This model has no chat template");
    const { pieces } = chat.render(command.chat);
    const tokens = [...encodePieces(pieces, tokenizer)];
    return { kind: "rendered", text: pieces.map(({ text }) => text).join(""), tokens };
  }

  #statistics(): RunnerStatistics {
    const { counts, active, waiting } = this.#scheduler;
    return {
      active,
      waiting,
      promptTokens: counts.promptTokens + this.#embedded.tokens,
      cachedTokens: counts.cachedTokens,
      completionTokens: counts.completionTokens,
      promptMs: counts.promptMs + this.#embedded.ms,
      generationMs: counts.generationMs,
      requests: counts.requests + this.#embedded.requests,
      failures: counts.failures + this.#embedded.failures,
      residentBytes: Deno.memoryUsage().rss,
    };
  }
}

const totalLength = (lists: Int32Array[]) => lists.reduce((sum, { length }) => sum + length, 0);

/** Everything that has arrived by now is handled; some microseconds, where a timer takes two milliseconds. */
function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Float32, little-endian. */
function toBase64(vector: Float32Array): string {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

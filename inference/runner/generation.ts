/** One generation: the prompt goes to the scheduler, what comes back is read as text, reasoning and tool calls. */
import type { AnswerParser, ParsedDelta } from "../chat/format.ts";
import type { GenerationEvent, GenerationRequest, TokenLogprob } from "../chat/request.ts";
import type { SamplingOptions } from "../sampling/options.ts";
import type { JobHandle, JobSink } from "../scheduler/job.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { ModelParts } from "./model_parts.ts";
import { type PreparedPrompt, preparePrompt } from "./prompt.ts";
import type { SkiffError } from "../../core/errors/skiff_error.ts";

export interface GenerationSink {
  event(event: GenerationEvent): void;
  /** The last call: all went well, or not. */
  end(error?: SkiffError): void;
}

/**
 * Starts a generation; its events come while the scheduler steps. Throws what `Scheduler.submit` and
 * `preparePrompt` throw, and "invalid_input" for a wrong constraint.
 */
export async function startGeneration(
  parts: ModelParts,
  scheduler: Scheduler,
  request: GenerationRequest,
  sink: GenerationSink,
  defaults: Partial<SamplingOptions> = {},
): Promise<JobHandle> {
  const prepared = preparePrompt(request.prompt, parts);
  const { constraint, chat } = prepared;
  const compiled = constraint && await parts.compileConstraint(constraint.spec);
  const visible = chat?.rendered.visibleTokens.map((text) => parts.tokenizer.find(text));
  return scheduler.submit({
    prompt: prepared.tokens,
    sampling: { ...defaults, ...withoutUndefined(request.sampling) },
    maxTokens: request.maxTokens,
    stop: [...request.stop ?? [], ...chat?.rendered.stop ?? []],
    n: request.n ?? 1,
    logprobs: request.logprobs,
    cachePrompt: request.cachePrompt ?? true,
    ignoreEos: request.ignoreEos ?? false,
    constraint: compiled && { compiled, triggers: constraint.triggers },
    visibleTokens: visible && new Set(visible.filter((token) => token !== undefined)),
  }, readAnswers(parts, prepared, sink));
}

/** Turns what the scheduler reports into events. */
function readAnswers(parts: ModelParts, { chat, echo }: PreparedPrompt, sink: GenerationSink): JobSink {
  const readers = new Map<number, AnswerReader>();
  const reader = (index: number) => {
    let found = readers.get(index);
    if (!found) {
      const parser = chat && parts.chat!.parser(chat.request, chat.rendered);
      readers.set(index, found = new AnswerReader(index, sink, parser));
      if (chat?.rendered.startsInReasoning) found.inReasoning = true;
      if (echo) sink.event({ type: "delta", index, text: echo });
    }
    return found;
  };
  return {
    start: (promptTokens, cachedTokens) => sink.event({ type: "start", promptTokens, cachedTokens }),
    piece: (index, text, logprobs) => reader(index).push(text, logprobs),
    end: (index, reason, stop) => reader(index).end(reason, stop),
    done(usage) {
      let reasoningTokens = 0;
      for (const { reasoned } of readers.values()) reasoningTokens += reasoned;
      sink.event({ type: "usage", usage: { ...usage, reasoningTokens } });
      sink.end();
    },
    fail: (error) => sink.end(error),
  };
}

/** Reads one answer: the parser's deltas as events, each with the logprobs that came by then. */
class AnswerReader {
  readonly #index: number;
  readonly #sink: GenerationSink;
  readonly #parser?: AnswerParser;
  #logprobs: TokenLogprob[] = [];
  inReasoning = false;
  /** Tokens that were part of the reasoning. */
  reasoned = 0;

  constructor(index: number, sink: GenerationSink, parser?: AnswerParser) {
    this.#index = index;
    this.#sink = sink;
    this.#parser = parser;
  }

  push(text: string, logprobs: TokenLogprob[]): void {
    if (logprobs.length > 0) this.#logprobs.push(...logprobs);
    if (text.length > 0) {
      this.#show(this.#parser ? this.#parser.push(text) : [{ type: "text", text }]);
    }
    if (this.inReasoning) this.reasoned++;
  }

  end(reason: "stop" | "length", stop?: string): void {
    if (this.#parser) this.#show(this.#parser.end());
    if (this.#logprobs.length > 0) this.#event({ text: "" });
    const calls = this.#parser?.toolCalls ?? 0;
    const finishReason = calls > 0 && reason === "stop" ? "tool_calls" : reason;
    this.#sink.event({ type: "end", index: this.#index, finishReason, stop });
  }

  #show(deltas: ParsedDelta[]): void {
    for (const delta of deltas) {
      this.inReasoning = delta.type === "reasoning";
      if (delta.type === "text") this.#event({ text: delta.text });
      else if (delta.type === "reasoning") this.#event({ reasoning: delta.text });
      else {
        const { index, id, name, arguments: json } = delta;
        this.#event({ toolCall: { index, id, name, arguments: json } });
      }
    }
  }

  #event(delta: Omit<Extract<GenerationEvent, { type: "delta" }>, "type" | "index">): void {
    const logprobs = this.#logprobs.length > 0 ? this.#logprobs : undefined;
    this.#logprobs = [];
    this.#sink.event({ type: "delta", index: this.#index, ...delta, logprobs });
  }
}

/** What a client left open must not hide a default. */
function withoutUndefined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

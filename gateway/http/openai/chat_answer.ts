/** Generation events -> chat completion bodies and chunks. Pure: no clock, no ids, no HTTP. */
import type {
  FinishReason,
  GenerationEvent,
  GenerationUsage,
  TokenLogprob,
} from "../../../inference/chat/request.ts";
import { chatLogprob, timingsBody, usageBody } from "./answer.ts";

/** What all chunks of an answer share. */
export interface AnswerHead {
  id: string;
  /** Unix seconds. */
  created: number;
  /** As the client named it. */
  model: string;
  fingerprint: string;
}

interface Call {
  id: string;
  name: string;
  arguments: string;
}

interface Choice {
  text: string;
  reasoning: string;
  calls: Call[];
  logprobs: TokenLogprob[];
  finishReason: FinishReason | null;
}

/** Collects the events of one answer; what a non-streaming client gets, and what the recorder keeps. */
export class ChatAnswer {
  #choices: Choice[] = [];
  #usage?: GenerationUsage;

  constructor(readonly head: AnswerHead, readonly wantsLogprobs: boolean) {}

  add(event: GenerationEvent): void {
    if (event.type === "usage") this.#usage = event.usage;
    if (event.type === "end") this.#choice(event.index).finishReason = event.finishReason;
    if (event.type !== "delta") return;
    const choice = this.#choice(event.index);
    choice.text += event.text ?? "";
    choice.reasoning += event.reasoning ?? "";
    if (event.logprobs) choice.logprobs.push(...event.logprobs);
    if (event.toolCall) {
      const { index, id, name, arguments: piece } = event.toolCall;
      const call = choice.calls[index] ??= { id: "", name: "", arguments: "" };
      if (id) call.id = id;
      if (name) call.name = name;
      call.arguments += piece ?? "";
    }
  }

  #choice(index: number): Choice {
    return this.#choices[index] ??= { text: "", reasoning: "", calls: [], logprobs: [], finishReason: null };
  }

  body() {
    const { id, created, model, fingerprint } = this.head;
    return {
      id,
      object: "chat.completion",
      created,
      model,
      system_fingerprint: fingerprint,
      choices: this.#choices.map((choice, index) => ({
        index,
        message: messageBody(choice),
        logprobs: this.wantsLogprobs ? { content: choice.logprobs.map(chatLogprob), refusal: null } : null,
        finish_reason: choice.finishReason,
      })),
      ...(this.#usage ? { usage: usageBody(this.#usage), timings: timingsBody(this.#usage) } : {}),
    };
  }
}

function messageBody({ text, reasoning, calls }: Choice) {
  return {
    role: "assistant",
    content: text === "" && calls.length > 0 ? null : text,
    refusal: null,
    ...(reasoning ? { reasoning_content: reasoning } : {}),
    ...(calls.length > 0
      ? {
        tool_calls: calls.map(({ id, name, arguments: text }) => ({
          id,
          type: "function",
          function: { name, arguments: text },
        })),
      }
      : {}),
  };
}

interface ChunkOptions {
  includeUsage: boolean;
  logprobs: boolean;
  n: number;
}

/**
 * Events of one generation -> chat.completion.chunk objects. The last finish chunk waits for the usage, so
 * that it can carry the timings when no usage chunk follows.
 */
export async function* chatChunks(
  head: AnswerHead,
  events: AsyncIterable<GenerationEvent>,
  options: ChunkOptions,
): AsyncGenerator<Record<string, unknown>> {
  const chunk = (choices: unknown[], more: Record<string, unknown> = {}) => ({
    id: head.id,
    object: "chat.completion.chunk",
    created: head.created,
    model: head.model,
    system_fingerprint: head.fingerprint,
    choices,
    ...(options.includeUsage ? { usage: null } : {}),
    ...more,
  });
  const choice = (index: number, delta: unknown, finish: FinishReason | null, tokens?: TokenLogprob[]) => ({
    index,
    delta,
    logprobs: tokens && options.logprobs ? { content: tokens.map(chatLogprob), refusal: null } : null,
    finish_reason: finish,
  });
  const ends: ReturnType<typeof choice>[] = [];
  for await (const event of events) {
    if (event.type === "start") {
      for (let i = 0; i < options.n; i++) {
        yield chunk([choice(i, { role: "assistant", content: "" }, null)]);
      }
    } else if (event.type === "delta") {
      yield chunk([choice(event.index, deltaBody(event), null, event.logprobs)]);
    } else if (event.type === "end") {
      ends.push(choice(event.index, {}, event.finishReason));
      if (ends.length < options.n) yield chunk([ends.at(-1)]);
    } else {
      const timings = { timings: timingsBody(event.usage) };
      if (ends.length > 0) yield chunk([ends.at(-1)], options.includeUsage ? {} : timings);
      ends.length = 0;
      if (options.includeUsage) yield chunk([], { usage: usageBody(event.usage), ...timings });
    }
  }
}

function deltaBody(event: Extract<GenerationEvent, { type: "delta" }>): Record<string, unknown> {
  const delta: Record<string, unknown> = {};
  if (event.text !== undefined) delta.content = event.text;
  if (event.reasoning !== undefined) delta.reasoning_content = event.reasoning;
  if (event.toolCall) {
    const { index, id, name, arguments: piece } = event.toolCall;
    delta.tool_calls = [{
      index,
      ...(id ? { id, type: "function" } : {}),
      function: { ...(name ? { name } : {}), arguments: piece ?? "" },
    }];
  }
  return delta;
}

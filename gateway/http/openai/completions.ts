/** POST …/v1/completions: text in, text out, in OpenAI's older form. */
import type { Context } from "hono";
import * as z from "zod";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type {
  FinishReason,
  GenerationEvent,
  GenerationOptions,
  GenerationUsage,
  Prompt,
  TokenLogprob,
} from "../../../inference/chat/request.ts";
import { openAIErrorBody } from "../errors.ts";
import { eventStreamResponse, sseEvent } from "../event_stream.ts";
import { engineHeaders } from "../model_lookup.ts";
import type { Env, RouteParts } from "../parts.ts";
import { answerId, begun } from "../generation.ts";
import { addUsage, textLogprobs, timingsBody, usageBody } from "./answer.ts";
import type { AnswerHead } from "./chat_answer.ts";
import { type Exchange, inferenceRoute } from "../inference_route.ts";
import { openAI } from "./dialect.ts";
import { constraintOf, generationFields, generationOptions } from "./sampling_fields.ts";

const tokens = z.array(z.int().min(0)).min(1);

export const completionSchema = z.object({
  ...generationFields,
  prompt: z.union([z.string(), z.array(z.string()).min(1), tokens, z.array(tokens).min(1)]),
  logprobs: z.union([z.int().min(0).max(20), z.boolean()]).nullish(),
  echo: z.boolean().nullish(),
  suffix: z.string().nullish(),
  best_of: z.int().min(1).max(20).nullish(),
});
type CompletionFields = z.infer<typeof completionSchema>;

export function completions(parts: RouteParts): (c: Context<Env>) => Promise<Response> {
  return inferenceRoute(parts, {
    dialect: openAI,
    schema: completionSchema,
    mode: "completion",
    work: (fields, exchange) => answer(parts, fields, exchange),
  });
}

/** An event of the answer to prompt number `prompt`. */
interface Numbered {
  prompt: number;
  event: GenerationEvent;
}

async function answer(parts: RouteParts, fields: CompletionFields, exchange: Exchange): Promise<Response> {
  refuseUnsupported(fields);
  const { model, signal, abort, record } = exchange;
  const options = await generationOptions(fields, (text) => parts.host.tokenize(model, text, { signal }));
  const logprobs = logprobCount(fields);
  if (logprobs !== undefined) options.logprobs = logprobs;
  const events = await inOrder(parts, fields, options, exchange);
  const collected = new Completion(
    {
      id: answerId("cmpl"),
      created: Math.floor(Date.now() / 1000),
      model: fields.model,
      fingerprint: `skiff-${parts.version}`,
    },
    options.n ?? 1,
    logprobs !== undefined,
  );
  const headers = engineHeaders(parts, model);
  if (fields.stream) {
    const stream = completionStream(
      events,
      collected,
      fields.stream_options?.include_usage ?? false,
      exchange,
    );
    return eventStreamResponse(stream, { onCancel: abort, headers });
  }
  for await (const numbered of events) collected.add(numbered);
  const body = JSON.stringify(collected.body());
  record.finish(200, body);
  return new Response(body, { headers: { "content-type": "application/json", ...headers } });
}

function refuseUnsupported({ suffix, best_of, n }: CompletionFields): void {
  if (suffix) {
    throw new SkiffError("unsupported", "The parameter 'suffix' is not supported by this model.", {
      hint: "Leave 'suffix' out.",
      details: { param: "suffix", code: "unsupported_parameter" },
    });
  }
  if (best_of && best_of > (n ?? 1)) {
    throw new SkiffError("unsupported", "The parameter 'best_of' must not be greater than 'n'.", {
      hint: "Ask for all of them with 'n'.",
      details: { param: "best_of", code: "unsupported_parameter" },
    });
  }
}

function logprobCount({ logprobs, n_probs }: CompletionFields): number | undefined {
  if (typeof logprobs === "number") return logprobs;
  return logprobs ? n_probs ?? 0 : n_probs || undefined;
}

function prompts(fields: CompletionFields): Prompt[] {
  const constraint = constraintOf(fields);
  const more = { ...(constraint ? { constraint } : {}), ...(fields.echo ? { echo: true } : {}) };
  const { prompt } = fields;
  const list: (string | number[])[] = typeof prompt === "string"
    ? [prompt]
    : typeof prompt[0] === "number"
    ? [prompt as number[]]
    : prompt as (string | number[])[];
  return list.map((item): Prompt =>
    typeof item === "string"
      ? { kind: "text", text: item, ...more }
      : { kind: "tokens", tokens: item, ...more }
  );
}

/** All prompts at once; the events of one come after the other's only as far as they are ready. */
async function inOrder(
  parts: RouteParts,
  fields: CompletionFields,
  options: GenerationOptions,
  { model, signal }: Exchange,
): Promise<AsyncGenerator<Numbered>> {
  const all = await Promise.all(
    prompts(fields).map((prompt) => begun(parts.host.generate(model, { ...options, prompt }, { signal }))),
  );
  return interleaved(all);
}

async function* interleaved(all: AsyncGenerator<GenerationEvent>[]): AsyncGenerator<Numbered> {
  const next = (prompt: number) => all[prompt].next().then((result) => ({ prompt, result }));
  const waiting = new Map(all.map((_, prompt) => [prompt, next(prompt)]));
  try {
    while (waiting.size > 0) {
      const { prompt, result } = await Promise.race(waiting.values());
      if (result.done) {
        waiting.delete(prompt);
        continue;
      }
      waiting.set(prompt, next(prompt));
      yield { prompt, event: result.value };
    }
  } finally {
    for (const promise of waiting.values()) promise.catch(() => {});
    await Promise.allSettled(all.map((events) => events.return(undefined)));
  }
}

/** Collects numbered events into the body. Choice number = prompt * n + index. */
class Completion {
  readonly #choices = new Map<
    number,
    { text: string; logprobs: TokenLogprob[]; finish: FinishReason | null }
  >();
  usage?: GenerationUsage;

  constructor(readonly head: AnswerHead, readonly n: number, readonly wantsLogprobs: boolean) {}

  /** The choice that the event belongs to, and the length of its text before the event. */
  add({ prompt, event }: Numbered): { index: number; offset: number } {
    if (event.type === "usage") this.usage = addUsage(this.usage, event.usage);
    if (event.type !== "delta" && event.type !== "end") return { index: -1, offset: 0 };
    const index = prompt * this.n + event.index;
    const choice = this.#choices.get(index) ?? { text: "", logprobs: [], finish: null };
    this.#choices.set(index, choice);
    const offset = choice.text.length;
    if (event.type === "end") choice.finish = event.finishReason;
    else {
      choice.text += event.text ?? "";
      if (event.logprobs) choice.logprobs.push(...event.logprobs);
    }
    return { index, offset };
  }

  chunk(choices: unknown[], more: Record<string, unknown> = {}) {
    const { id, created, model, fingerprint } = this.head;
    return {
      id,
      object: "text_completion",
      created,
      model,
      system_fingerprint: fingerprint,
      choices,
      ...more,
    };
  }

  choice(index: number, text: string, finish: FinishReason | null, tokens: TokenLogprob[] = [], offset = 0) {
    const logprobs = this.wantsLogprobs && tokens.length > 0 ? textLogprobs(tokens, offset) : null;
    return { index, text, logprobs, finish_reason: finish };
  }

  body() {
    const choices = [...this.#choices.entries()].sort(([a], [b]) => a - b).map(([index, choice]) =>
      this.choice(index, choice.text, choice.finish, choice.logprobs)
    );
    return this.chunk(choices, this.usageFields());
  }

  usageFields(): Record<string, unknown> {
    return this.usage ? { usage: usageBody(this.usage), timings: timingsBody(this.usage) } : {};
  }
}

async function* completionStream(
  events: AsyncIterable<Numbered>,
  collected: Completion,
  includeUsage: boolean,
  exchange: Exchange,
): AsyncGenerator<string> {
  const usage = includeUsage ? { usage: null } : {};
  let failure: unknown;
  try {
    for await (const numbered of events) {
      const { index, offset } = collected.add(numbered);
      const { event } = numbered;
      if (event.type === "delta") {
        const choice = collected.choice(index, event.text ?? "", null, event.logprobs, offset);
        yield sseEvent(collected.chunk([choice], usage));
      } else if (event.type === "end") {
        yield sseEvent(collected.chunk([collected.choice(index, "", event.finishReason)], usage));
      }
    }
    if (includeUsage) yield sseEvent(collected.chunk([], collected.usageFields()));
    yield sseEvent("[DONE]");
  } catch (error) {
    failure = error;
    yield sseEvent(openAIErrorBody(error));
  } finally {
    exchange.record.finish(200, JSON.stringify(collected.body()), failure);
  }
}

/** POST …/v1/chat/completions */
import type { Context } from "hono";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { GenerationEvent, GenerationRequest } from "../../../inference/chat/request.ts";
import type { StoredModel } from "../../../inference/store/model.ts";
import { openAIErrorBody } from "../errors.ts";
import { eventStreamResponse, sseEvent } from "../event_stream.ts";
import { engineHeaders } from "../model_lookup.ts";
import type { Env, RouteParts } from "../parts.ts";
import { answerId, begun } from "../generation.ts";
import { ChatAnswer, chatChunks } from "./chat_answer.ts";
import { type ChatFields, chatRequest, chatSchema } from "./chat_request.ts";
import { type Exchange, inferenceRoute } from "../inference_route.ts";
import { openAI } from "./dialect.ts";
import { generationOptions } from "./sampling_fields.ts";

export function chatCompletions(parts: RouteParts): (c: Context<Env>) => Promise<Response> {
  return inferenceRoute(parts, {
    dialect: openAI,
    schema: chatSchema,
    mode: "completion",
    work: (fields, exchange) => answer(parts, fields, exchange),
  });
}

async function answer(parts: RouteParts, fields: ChatFields, exchange: Exchange): Promise<Response> {
  const { model, signal, abort } = exchange;
  const request = await generationRequest(parts, model, fields, signal);
  const wantsLogprobs = request.logprobs !== undefined;
  const events = await begun(parts.host.generate(model, request, { signal }));
  const collected = new ChatAnswer({
    id: answerId("chatcmpl"),
    created: Math.floor(Date.now() / 1000),
    model: fields.model,
    fingerprint: `skiff-${parts.version}`,
  }, wantsLogprobs);
  const headers = engineHeaders(parts, model);
  if (!fields.stream) {
    for await (const event of events) collected.add(event);
    const body = JSON.stringify(collected.body());
    exchange.record.finish(200, body);
    return new Response(body, { headers: { "content-type": "application/json", ...headers } });
  }
  const options = {
    includeUsage: fields.stream_options?.include_usage ?? false,
    logprobs: wantsLogprobs,
    n: request.n ?? 1,
  };
  const stream = chatStream(events, collected, options, exchange);
  return eventStreamResponse(stream, { onCancel: abort, headers });
}

async function generationRequest(
  parts: RouteParts,
  model: StoredModel,
  fields: ChatFields,
  signal: AbortSignal,
): Promise<GenerationRequest> {
  const chat = chatRequest(fields);
  refuseNoTokens(fields);
  const options = await generationOptions(fields, (text) => parts.host.tokenize(model, text, { signal }));
  const logprobs = fields.logprobs ? fields.top_logprobs ?? fields.n_probs ?? 0 : fields.n_probs || undefined;
  return { ...options, ...(logprobs === undefined ? {} : { logprobs }), prompt: { kind: "chat", chat } };
}

/** A chat answer has at least one token; text completions may have none, to echo and score a prompt. */
function refuseNoTokens(fields: ChatFields): void {
  for (const param of ["max_completion_tokens", "max_tokens", "n_predict"] as const) {
    if (fields[param] !== 0) continue;
    const message =
      `Invalid '${param}': integer below minimum value. Expected a value >= 1, but got 0 instead.`;
    throw new SkiffError("invalid_input", message, { details: { param, code: "integer_below_min_value" } });
  }
}

async function* chatStream(
  events: AsyncIterable<GenerationEvent>,
  collected: ChatAnswer,
  options: Parameters<typeof chatChunks>[2],
  exchange: Exchange,
): AsyncGenerator<string> {
  const watched = (async function* () {
    for await (const event of events) {
      collected.add(event);
      yield event;
    }
  })();
  let failure: unknown;
  try {
    for await (const chunk of chatChunks(collected.head, watched, options)) yield sseEvent(chunk);
    yield sseEvent("[DONE]");
  } catch (error) {
    failure = error;
    yield sseEvent(openAIErrorBody(error));
  } finally {
    exchange.record.finish(200, JSON.stringify(collected.body()), failure);
  }
}

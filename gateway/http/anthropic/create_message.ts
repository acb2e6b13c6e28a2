/** POST …/v1/messages and …/v1/messages/count_tokens */
import type { Context } from "hono";
import type { GenerationRequest } from "../../../inference/chat/request.ts";
import { writtenAnswer } from "../answer_writer.ts";
import { answerId, begun } from "../generation.ts";
import { type Exchange, inferenceRoute } from "../inference_route.ts";
import { engineHeaders } from "../model_lookup.ts";
import type { Env, RouteParts } from "../parts.ts";
import { anthropic } from "./errors.ts";
import { MessageWriter } from "./message_writer.ts";
import {
  chatRequest,
  type MessageFields,
  messageSchema,
  type PromptFields,
  promptSchema,
  thinks,
} from "./request.ts";

type Handler = (c: Context<Env>) => Promise<Response>;

export function createMessage(parts: RouteParts): Handler {
  return inferenceRoute(parts, {
    dialect: anthropic,
    schema: messageSchema,
    mode: "completion",
    work: (fields, exchange) => answer(parts, fields, exchange),
  });
}

async function answer(parts: RouteParts, fields: MessageFields, exchange: Exchange): Promise<Response> {
  const { model, signal } = exchange;
  const stream = fields.stream ?? false;
  const { keepAliveMs } = parts.settings;
  const generation = parts.host.generate(model, generationRequest(fields), { signal });
  const events = await begun(generation, stream ? keepAliveMs : Infinity);
  const writer = new MessageWriter({
    id: answerId("msg", "_"),
    model: fields.model,
    thinking: thinkingShown(fields),
  });
  const headers = { "request-id": answerId("req", "_"), ...engineHeaders(parts, model) };
  return await writtenAnswer(writer, events, exchange, { stream, keepAliveMs, headers });
}

function thinkingShown(fields: MessageFields): "none" | "shown" | "omitted" {
  if (!thinks(fields)) return "none";
  const omitted = fields.thinking?.type !== "disabled" && fields.thinking?.display === "omitted";
  return omitted ? "omitted" : "shown";
}

/** A limit beyond the context is no mistake: clients ask for what their usual models can. */
function generationRequest(fields: MessageFields): GenerationRequest {
  const { temperature, top_p, top_k } = fields;
  return {
    prompt: { kind: "chat", chat: chatRequest(fields) },
    maxTokens: fields.max_tokens,
    stop: (fields.stop_sequences ?? []).filter((text) => text !== ""),
    sampling: {
      ...(temperature == null ? {} : { temperature }),
      ...(top_p == null ? {} : { topP: top_p }),
      ...(top_k == null ? {} : { topK: top_k }),
    },
  };
}

export function countTokens(parts: RouteParts): Handler {
  return inferenceRoute(parts, {
    dialect: anthropic,
    schema: promptSchema,
    mode: "completion",
    work: (fields, exchange) => count(parts, fields, exchange),
  });
}

async function count(parts: RouteParts, fields: PromptFields, exchange: Exchange): Promise<Response> {
  const { model, signal, record } = exchange;
  const { tokens } = await parts.host.render(model, chatRequest(fields), { signal });
  const body = { input_tokens: tokens.length };
  record.finish(200, JSON.stringify(body));
  return Response.json(body, { headers: { "request-id": answerId("req", "_") } });
}

/** POST …/v1/responses */
import type { Context } from "hono";
import type { ChatMessage, ChatRequest, GenerationRequest } from "../../../inference/chat/request.ts";
import type { ConstraintSpec } from "../../../inference/sampling/options.ts";
import type { StoredModel } from "../../../inference/store/model.ts";
import { drain, writtenAnswer } from "../answer_writer.ts";
import { answerId, begun } from "../generation.ts";
import { type Exchange, inferenceRoute } from "../inference_route.ts";
import { engineHeaders } from "../model_lookup.ts";
import { openAI } from "../openai/dialect.ts";
import { generationOptions } from "../openai/sampling_fields.ts";
import type { Env, RouteParts } from "../parts.ts";
import { type Item, messagesOf } from "./items.ts";
import { hasSummary, invalid, refuseHosted, type ResponseFields, responseSchema } from "./request.ts";
import type { ResponseStore, StoredResponse } from "./response_store.ts";
import { ResponseWriter } from "./response_writer.ts";
import { chosenTools, clientTools } from "./tools.ts";
import { begunTruncated } from "./truncation.ts";

export function createResponse(
  parts: RouteParts,
  store: ResponseStore,
): (c: Context<Env>) => Promise<Response> {
  return inferenceRoute(parts, {
    dialect: openAI,
    schema: responseSchema,
    mode: "completion",
    work: (fields, exchange) => answer(parts, store, fields, exchange),
  });
}

async function answer(
  parts: RouteParts,
  store: ResponseStore,
  fields: ResponseFields,
  exchange: Exchange,
): Promise<Response> {
  refuseHosted(fields);
  const { history, input } = conversationItems(store, fields);
  const offered = clientTools(fields.tools);
  const request = await generationRequest(parts, exchange, fields, [...history, ...input]);
  const include = fields.include ?? [];
  const writer = new ResponseWriter(
    { id: answerId("resp", "_"), createdAt: Math.floor(Date.now() / 1000), fields },
    {
      tools: offered,
      summary: hasSummary(fields),
      sealed: include.includes("reasoning.encrypted_content"),
      logprobs: request.logprobs !== undefined,
    },
  );
  const stored = { writer, history, input, cancel: exchange.abort };
  if (fields.background) return inBackground(parts, store, exchange, request, stored);
  const events = await begin(parts, exchange.model, fields, request, exchange.signal);
  if (fields.store ?? true) store.add(stored);
  const finished = (async function* () {
    yield* events;
    store.finished(writer.head.id);
  })();
  return await writtenAnswer(writer, finished, exchange, {
    stream: fields.stream ?? false,
    keepAliveMs: parts.settings.keepAliveMs,
    headers: engineHeaders(parts, exchange.model),
  }).catch((error) => {
    store.delete(writer.head.id);
    throw error;
  });
}

/** Only a stream can show that it waits. */
async function begin(
  parts: RouteParts,
  model: StoredModel,
  fields: ResponseFields,
  request: GenerationRequest,
  signal: AbortSignal,
) {
  const patience = fields.stream && fields.truncation !== "auto" ? parts.settings.keepAliveMs : Infinity;
  const { chat } = request.prompt as { kind: "chat"; chat: ChatRequest };
  const generate = (messages: ChatMessage[]) => {
    const prompt = { kind: "chat" as const, chat: { ...chat, messages } };
    return begun(parts.host.generate(model, { ...request, prompt }, { signal }), patience);
  };
  return fields.truncation === "auto"
    ? await begunTruncated(chat.messages, generate)
    : await generate(chat.messages);
}

/** Answers at once; the client asks for the response later. Ends with the server, not with the connection. */
function inBackground(
  parts: RouteParts,
  store: ResponseStore,
  { model, record }: Exchange,
  request: GenerationRequest,
  stored: StoredResponse,
): Response {
  const { writer } = stored;
  const ending = new AbortController();
  store.add({ ...stored, cancel: () => ending.abort(new DOMException("Cancelled", "AbortError")) });
  const signal = AbortSignal.any([parts.closing, ending.signal]);
  const run = async () => {
    let failure: unknown;
    try {
      const events = await begin(parts, model, writer.head.fields, request, signal);
      for await (const event of events) drain(writer.write(event));
    } catch (error) {
      failure = error;
      drain(writer.fail(error));
    }
    store.finished(writer.head.id);
    record.finish(200, JSON.stringify(writer.body()), failure);
  };
  const body = writer.body();
  run();
  return Response.json(body);
}

/** The items of the request, and those that it continues. Throws "invalid_input" where there are none. */
function conversationItems(store: ResponseStore, fields: ResponseFields): { history: Item[]; input: Item[] } {
  const { previous_response_id: previousId, input: given } = fields;
  const previous = previousId ? store.find(previousId) : undefined;
  if (previousId && !previous) {
    throw invalid(
      "previous_response_id",
      `Previous response with id '${previousId}' not found.`,
      "previous_response_not_found",
    );
  }
  const history = previous ? [...previous.history, ...previous.input, ...previous.writer.state.output] : [];
  const items: Item[] = typeof given === "string"
    ? [{ type: "message", role: "user", content: [{ type: "input_text", text: given }] }]
    : given ?? [];
  if (items.length === 0 && history.length === 0) {
    throw invalid("input", "Missing required parameter: 'input'.", "missing_required_parameter");
  }
  return { history, input: items.map((item, i) => identified(store, item, i)) };
}

/** Every item has an id; a reference is replaced by what it refers to. */
function identified(store: ResponseStore, item: Item, index: number): Item {
  if (item.type !== "item_reference") {
    const type = item.type ?? "message";
    return { id: answerId(type === "message" ? "msg" : "item", "_"), ...item, type };
  }
  const found = store.item(String(item.id));
  if (found) return found;
  throw invalid(`input[${index}].id`, `Item with id '${item.id}' not found.`);
}

async function generationRequest(
  parts: RouteParts,
  { model, signal }: Exchange,
  fields: ResponseFields,
  items: Item[],
): Promise<GenerationRequest> {
  const tokenize = (text: string) => parts.host.tokenize(model, text, { signal });
  const options = await generationOptions({ ...fields, max_tokens: fields.max_output_tokens }, tokenize);
  const wantsLogprobs = fields.top_logprobs != null ||
    fields.include?.includes("message.output_text.logprobs");
  const chat = chatRequest(fields, items);
  return {
    ...options,
    ...(wantsLogprobs ? { logprobs: fields.top_logprobs ?? 0 } : {}),
    prompt: { kind: "chat", chat },
  };
}

function chatRequest(fields: ResponseFields, items: Item[]): ChatRequest {
  const { tools, toolChoice } = chosenTools(clientTools(fields.tools), fields.tool_choice);
  const effort = fields.reasoning?.effort ?? undefined;
  const constraint = formatConstraint(fields);
  return {
    messages: [...instructions(fields), ...messagesOf(items, "input")],
    ...(tools.length > 0 ? { tools: tools.map(({ tool }) => tool) } : {}),
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...(fields.parallel_tool_calls == null ? {} : { parallelToolCalls: fields.parallel_tool_calls }),
    ...(effort === "none" ? { thinking: false } : {}),
    ...(effort && effort !== "none" ? { templateVariables: { reasoning_effort: effort } } : {}),
    ...(constraint ? { constraint } : {}),
  };
}

function instructions({ instructions }: ResponseFields): ChatMessage[] {
  if (!instructions || instructions.length === 0) return [];
  if (typeof instructions === "string") return [{ role: "system", content: instructions }];
  return messagesOf(instructions, "instructions");
}

function formatConstraint({ text }: ResponseFields): ConstraintSpec | undefined {
  const format = text?.format;
  if (!format || format.type === "text") return undefined;
  if (format.type === "json_object") return { kind: "json_object" };
  const { schema, strict } = format;
  return { kind: "json_schema", schema, ...(strict == null ? {} : { strict }) };
}

/** OpenAI's Responses API: what answers and streams say, and what is stored. */
import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import type { ChatRequest, GenerationEvent } from "../../../../inference/chat/request.ts";
import { calling, dialectApp, saying, sentEvents } from "../../../support/dialect_app.ts";
import { scriptedUsage } from "../../../support/scripted_host.ts";

const hello = { model: "ai/smollm2", input: "hi" };
const user = (content: string) => ({ role: "user" as const, content });
const weather = {
  type: "function",
  name: "get_weather",
  description: "Current weather",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  strict: false,
};

Deno.test("a whole response", async () => {
  const { post } = dialectApp();
  const body = await (await post("/v1/responses", { ...hello, metadata: { a: "b" }, instructions: "I" }))
    .json();
  match(body.id, /^resp_\w{32}$/);
  equal([body.object, body.status, body.model, body.error, body.incomplete_details], [
    "response",
    "completed",
    "ai/smollm2",
    null,
    null,
  ]);
  match(body.output[0].id, /^msg_/);
  equal({ ...body.output[0], id: "" }, {
    id: "",
    type: "message",
    status: "completed",
    role: "assistant",
    content: [{ type: "output_text", text: "Whales are mammals.", annotations: [], logprobs: [] }],
  });
  equal(body.usage, {
    input_tokens: 9,
    input_tokens_details: { cached_tokens: 4 },
    output_tokens: 4,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 13,
  });
  equal([body.metadata, body.instructions, body.store, body.tool_choice, body.tools], [
    { a: "b" },
    "I",
    true,
    "auto",
    [],
  ]);
});

/** Scripts -> names of the events in order. */
const streams: [name: string, fields: Record<string, unknown>, script: any, types: string[]][] = [
  ["text", {}, saying([{ text: "Hello" }, { text: " you" }]), [
    "created",
    "in_progress",
    "output_item.added",
    "content_part.added",
    "output_text.delta",
    "output_text.delta",
    "output_text.done",
    "content_part.done",
    "output_item.done",
    "completed",
  ]],
  ["a call", { tools: [weather] }, calling("get_weather", '{"city":"Oslo"}'), [
    "created",
    "in_progress",
    "output_item.added",
    "function_call_arguments.delta",
    "function_call_arguments.delta",
    "function_call_arguments.done",
    "output_item.done",
    "completed",
  ]],
  [
    "a call of a custom tool",
    { tools: [{ type: "custom", name: "patch" }] },
    calling("patch", '{"input":"x"}'),
    [
      "created",
      "in_progress",
      "output_item.added",
      "custom_tool_call_input.delta",
      "custom_tool_call_input.done",
      "output_item.done",
      "completed",
    ],
  ],
  ["reasoning", {}, saying([{ reasoning: "Hm" }, { reasoning: "m" }, { text: "\n\n" }, { text: "Yes" }]), [
    "created",
    "in_progress",
    "output_item.added",
    "content_part.added",
    "reasoning_text.delta",
    "reasoning_text.delta",
    "reasoning_text.done",
    "content_part.done",
    "output_item.done",
    "output_item.added",
    "content_part.added",
    "output_text.delta",
    "output_text.done",
    "content_part.done",
    "output_item.done",
    "completed",
  ]],
  [
    "reasoning as a summary",
    { reasoning: { summary: "auto" } },
    saying([{ reasoning: "Hm" }, { text: "Yes" }]),
    [
      "created",
      "in_progress",
      "output_item.added",
      "reasoning_summary_part.added",
      "reasoning_summary_text.delta",
      "reasoning_summary_text.done",
      "reasoning_summary_part.done",
      "output_item.done",
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.done",
      "content_part.done",
      "output_item.done",
      "completed",
    ],
  ],
  ["the token limit", { max_output_tokens: 1 }, saying([{ text: "Hello" }], "length"), [
    "created",
    "in_progress",
    "output_item.added",
    "content_part.added",
    "output_text.delta",
    "output_text.done",
    "content_part.done",
    "output_item.done",
    "incomplete",
  ]],
  ["a failure", {}, async function* (): AsyncGenerator<GenerationEvent> {
    yield { type: "start", promptTokens: 1, cachedTokens: 0 };
    yield { type: "delta", index: 0, text: "Half" };
    throw new SkiffError("unavailable", "The model's process ended");
  }, [
    "created",
    "in_progress",
    "output_item.added",
    "content_part.added",
    "output_text.delta",
    "failed",
  ]],
  ["an empty answer", {}, saying([]), [
    "created",
    "in_progress",
    "output_item.added",
    "content_part.added",
    "output_text.done",
    "content_part.done",
    "output_item.done",
    "completed",
  ]],
];

Deno.test("streams have OpenAI's events in its order, numbered, and end with the response", async (t) => {
  for (const [name, fields, script, types] of streams) {
    await t.step(name, async () => {
      const { post } = dialectApp(script);
      const response = await post("/v1/responses", { ...hello, ...fields, stream: true });
      equal(response.headers.get("content-type"), "text/event-stream");
      const events = await sentEvents(response);
      equal(events.map(({ data }) => data.type), types.map((type) => `response.${type}`));
      ok(events.every(({ name, data }) => name === data.type));
      equal(events.map(({ data }) => data.sequence_number), events.map((_, i) => i));
      const { response: last } = events.at(-1)!.data;
      const done = events.filter(({ data }) => data.type === "response.output_item.done");
      if (last.status !== "failed") equal(last.output, done.map(({ data }) => data.item));
      const whole = await (await dialectApp(script).post("/v1/responses", { ...hello, ...fields })).json();
      const bare = (items: any[]) => items.map((item) => ({ ...item, id: "" }));
      if (last.status !== "failed") equal(bare(whole.output), bare(last.output));
      if (last.status === "failed") {
        equal(last.error, { code: "server_error", message: "The model's process ended" });
      }
      if (last.status === "incomplete") equal(last.incomplete_details, { reason: "max_output_tokens" });
    });
  }
});

Deno.test("calls come back as the client named their tools", async () => {
  const tools = [
    { type: "namespace", name: "eyes", description: "", tools: [{ type: "function", name: "look" }] },
    { type: "custom", name: "patch" },
  ];
  const output = async (script: any) =>
    (await (await dialectApp(script).post("/v1/responses", { ...hello, tools })).json()).output[0];
  const look = await output(calling("eyes__look", '{"at":1}'));
  equal([look.type, look.namespace, look.name, look.call_id, look.arguments], [
    "function_call",
    "eyes",
    "look",
    "call_1",
    '{"at":1}',
  ]);
  const patch = await output(calling("patch", '{"input":"*** Begin"}'));
  equal([patch.type, patch.name, patch.input], ["custom_tool_call", "patch", "*** Begin"]);
});

Deno.test("sealed reasoning comes back as reasoning", async () => {
  const app = dialectApp(saying([{ reasoning: "Hm" }, { text: "Yes" }]));
  const include = ["reasoning.encrypted_content"];
  const first = await (await app.post("/v1/responses", { ...hello, include, store: false })).json();
  const [reasoning] = first.output;
  ok(reasoning.encrypted_content.length > 0);
  const again = [{ ...reasoning, content: [] }, first.output[1], user("Sure?")];
  await app.post("/v1/responses", { ...hello, input: [user("hi"), ...again] });
  equal(app.chat().messages[1], { role: "assistant", content: "Yes", reasoning: "Hm" });
});

Deno.test("logprobs of the text", async () => {
  const { post } = dialectApp();
  const include = ["message.output_text.logprobs"];
  const body = await (await post("/v1/responses", { ...hello, include, top_logprobs: 1 })).json();
  const { logprobs } = body.output[0].content[0];
  equal(logprobs.length, 4);
  equal(logprobs[0].top_logprobs.length, 1);
});

Deno.test("stored responses: continued, read, listed, deleted", async () => {
  const { get, post, chat } = dialectApp();
  const first = await (await post("/v1/responses", { ...hello, instructions: "Once." })).json();
  const path = `/v1/responses/${first.id}`;
  equal((await (await get(path)).json()).output, first.output);
  const next = { ...hello, input: "And?", previous_response_id: first.id };
  const second = await (await post("/v1/responses", next)).json();
  equal(second.previous_response_id, first.id);
  equal(chat().messages, [user("hi"), { role: "assistant", content: "Whales are mammals." }, user("And?")]);
  const reference = { type: "item_reference", id: first.output[0].id };
  await post("/v1/responses", { ...hello, input: [reference, user("So?")] });
  equal(chat().messages[0], { role: "assistant", content: "Whales are mammals." });
  const list = async (query: string) => {
    return await (await get(`/v1/responses/${second.id}/input_items${query}`)).json();
  };
  const items = await list("");
  equal(items.data.map((item: any) => item.role), ["user", "assistant", "user"]);
  equal([items.object, items.has_more, items.first_id], ["list", false, items.data[0].id]);
  const page = await list(`?order=asc&limit=1&after=${items.data[2].id}`);
  equal([page.data[0].role, page.has_more], ["assistant", true]);
  equal((await get(`/v1/responses/${second.id}/input_items?limit=0`)).status, 400);
  equal((await post(`${path}/cancel`, {})).status, 400);
  equal(await (await get(path, {}, "DELETE")).json(), { id: first.id, object: "response", deleted: true });
  equal((await get(path)).status, 404);
  const unstored = await (await post("/v1/responses", { ...hello, store: false })).json();
  equal((await get(`/v1/responses/${unstored.id}`)).status, 404);
});

/** A host that begins and then waits until it is aborted. */
async function* endless(_: unknown, signal?: AbortSignal): AsyncGenerator<GenerationEvent> {
  yield { type: "start", promptTokens: 1, cachedTokens: 0 };
  yield { type: "delta", index: 0, text: "On" };
  signal!.throwIfAborted();
  await new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason)));
}

Deno.test("background responses are asked for later, and cancelled", async () => {
  const { get, post } = dialectApp();
  const begun = await (await post("/v1/responses", { ...hello, background: true })).json();
  equal([begun.status, begun.background, begun.output], ["queued", true, []]);
  let now = begun;
  while (now.status !== "completed") now = await (await get(`/v1/responses/${begun.id}`)).json();
  equal(now.output[0].content[0].text, "Whales are mammals.");
  const endlessApp = dialectApp(endless);
  const { id } = await (await endlessApp.post("/v1/responses", { ...hello, background: true })).json();
  for (const _ of ["once", "twice"]) {
    equal((await (await endlessApp.post(`/v1/responses/${id}/cancel`, {})).json()).status, "cancelled");
  }
});

Deno.test("a client that goes away ends the generation; a stored stream can be cancelled", async () => {
  let aborted = 0;
  const { get, post, host } = dialectApp((request, signal) => {
    signal!.addEventListener("abort", () => aborted++);
    return endless(request, signal);
  });
  const left = await post("/v1/responses", { ...hello, stream: true });
  const reader = left.body!.getReader();
  await reader.read();
  await reader.cancel();
  equal([aborted, host.requests.length], [1, 1]);
  const stream = (await post("/v1/responses", { ...hello, stream: true })).body!
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  const id = /"id":"(resp_\w+)"/.exec((await stream.read()).value!)![1];
  equal((await (await get(`/v1/responses/${id}`)).json()).status, "in_progress");
  await post(`/v1/responses/${id}/cancel`, {});
  let rest = "";
  for (let part = await stream.read(); !part.done; part = await stream.read()) rest += part.value;
  match(rest, /response\.cancelled/);
  equal([aborted, (await (await get(`/v1/responses/${id}`)).json()).status], [2, "cancelled"]);
});

Deno.test("while a long prompt is read the stream says that it waits", async () => {
  let goOn = () => {};
  const waiting = new Promise<void>((resolve) => goOn = resolve);
  const { post } = dialectApp(async function* () {
    await waiting;
    yield* saying([{ text: "Done" }])();
  }, { keepAliveMs: 5 });
  const response = await post("/v1/responses", { ...hello, stream: true });
  const stream = response.body!.pipeThrough(
    new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>,
  );
  let text = "";
  for await (const part of stream) {
    text += part;
    if (text.split("event: response.in_progress").length > 3) goOn();
  }
  match(text, /response\.completed/);
  const numbers = [...text.matchAll(/"sequence_number":(\d+)/g)].map(([, number]) => Number(number));
  equal(numbers, numbers.map((_, i) => i));
});

Deno.test("what fails before the first event has a status", async () => {
  // deno-lint-ignore require-yield
  const { post } = dialectApp(async function* (): AsyncGenerator<GenerationEvent> {
    throw new SkiffError("context_overflow", "The prompt is too long", { details: { n_ctx: 10 } });
  });
  for (const stream of [false, true]) {
    const response = await post("/v1/responses", { ...hello, stream });
    equal([response.status, (await response.json()).error.code], [400, "context_length_exceeded"]);
  }
});

Deno.test("truncation auto leaves the oldest turns out until the rest fits", async () => {
  const app = dialectApp(async function* ({ prompt }): AsyncGenerator<GenerationEvent> {
    const { messages } = (prompt as { chat: ChatRequest }).chat;
    if (messages.length > 4) throw new SkiffError("context_overflow", "The prompt is too long");
    yield { type: "start", promptTokens: 1, cachedTokens: 0 };
    yield { type: "end", index: 0, finishReason: "stop" };
    yield { type: "usage", usage: scriptedUsage };
  });
  const call = { type: "function_call", call_id: "c", name: "f", arguments: "{}" };
  const result = { type: "function_call_output", call_id: "c", output: "r" };
  const input = [user("1"), call, result, user("2"), { role: "assistant", content: "3" }, user("4")];
  const request = { ...hello, instructions: "Keep.", input };
  equal((await app.post("/v1/responses", request)).status, 400);
  const response = await app.post("/v1/responses", { ...request, truncation: "auto" });
  equal([response.status, (await response.json()).truncation], [200, "auto"]);
  equal(app.chat().messages.map(({ content }) => content), ["Keep.", "2", "3", "4"]);
});

Deno.test("the routes answer under every prefix, HEAD of an unknown id included", async () => {
  const { get, post } = dialectApp();
  for (const prefix of ["/v1", "/engines/v1", "/engines/llama.cpp/v1", "/engines", ""]) {
    const created = await post(`${prefix}/responses`, hello);
    equal(created.status, 200, prefix);
    equal((await get(`${prefix}/responses/${(await created.json()).id}`)).status, 200, prefix);
  }
  const unknown = await get("/v1/responses/resp_none");
  equal([unknown.status, (await unknown.json()).error.message], [
    404,
    "Response with id 'resp_none' not found.",
  ]);
  equal((await get("/v1/responses", {}, "PUT")).status, 405);
});

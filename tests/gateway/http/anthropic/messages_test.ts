/** Anthropic's Messages API: what answers and streams say. */
import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import type { GenerationEvent } from "../../../../inference/chat/request.ts";
import { calling, dialectApp, saying, sentEvents } from "../../../support/dialect_app.ts";

const hello = { model: "ai/smollm2", max_tokens: 100, messages: [{ role: "user", content: "hi" }] };
const user = (content: string) => ({ role: "user" as const, content });
const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const weather = { name: "get_weather", description: "Current weather", input_schema: schema };

Deno.test("failures of the machine have Anthropic's statuses", async () => {
  const cases: [SkiffError, number, string][] = [
    [new SkiffError("overloaded", "Busy"), 529, "overloaded_error"],
    [new SkiffError("overloaded", "Slow down", { details: { status: 429 } }), 429, "rate_limit_error"],
    [new SkiffError("context_overflow", "Too long"), 400, "invalid_request_error"],
    [new SkiffError("unsupported", "No template"), 400, "invalid_request_error"],
    [new SkiffError("out_of_memory", "Full"), 507, "api_error"],
    [new SkiffError("internal", "Broken"), 500, "api_error"],
  ];
  for (const [error, status, type] of cases) {
    // deno-lint-ignore require-yield
    const { post } = dialectApp(async function* (): AsyncGenerator<GenerationEvent> {
      throw error;
    });
    for (const stream of [false, true]) {
      const response = await post("/v1/messages", { ...hello, stream });
      equal([response.status, (await response.json()).error.type], [status, type]);
    }
  }
  const large = await dialectApp(undefined, { maxBodyBytes: 10 }).post("/v1/messages", hello);
  equal([large.status, (await large.json()).error.type], [413, "request_too_large"]);
  const broken = await dialectApp().post("/v1/messages", "{");
  equal([broken.status, (await broken.json()).error.type], [400, "invalid_request_error"]);
});

Deno.test("a whole message", async () => {
  const response = await dialectApp().post("/v1/messages", hello);
  match(response.headers.get("request-id")!, /^req_\w{32}$/);
  const body = await response.json();
  match(body.id, /^msg_\w{32}$/);
  equal({ ...body, id: "" }, {
    id: "",
    type: "message",
    role: "assistant",
    model: "ai/smollm2",
    content: [{ type: "text", text: "Whales are mammals.", citations: null }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: {
      input_tokens: 5,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 4,
      output_tokens: 4,
      output_tokens_details: { thinking_tokens: 0 },
    },
  });
});

const thinking = { thinking: { type: "enabled", budget_tokens: 1024 } };
const thought = saying([{ reasoning: "Hm" }, { reasoning: "m" }, { text: "\n\n" }, { text: "Yes" }]);

/** Scripts -> the events in order: type, and of a delta its type and text. */
const streams: [
  name: string,
  fields: Record<string, unknown>,
  script: any,
  events: string[],
  stop: string,
][] = [
  ["text", {}, saying([{ text: "Hello" }, { text: " you" }]), [
    "start 0 text",
    "text_delta Hello",
    "text_delta  you",
    "stop 0",
  ], "end_turn"],
  ["a call", { tools: [weather] }, calling("get_weather", '{"city":"Oslo"}'), [
    "start 0 tool_use",
    'input_json_delta {"city"',
    'input_json_delta :"Oslo"}',
    "stop 0",
  ], "tool_use"],
  [
    "text before a call",
    { tools: [weather] },
    saying([
      { text: "Looking." },
      { text: "\n" },
      { toolCall: { index: 0, id: "t", name: "get_weather", arguments: "{}" } },
    ], "tool_calls"),
    [
      "start 0 text",
      "text_delta Looking.",
      "text_delta \n",
      "stop 0",
      "start 1 tool_use",
      "input_json_delta {}",
      "stop 1",
    ],
    "tool_use",
  ],
  ["thinking", thinking, thought, [
    "start 0 thinking",
    "thinking_delta Hm",
    "thinking_delta m",
    "signature_delta",
    "stop 0",
    "start 1 text",
    "text_delta \n\nYes",
    "stop 1",
  ], "end_turn"],
  ["thinking that is only carried along", { thinking: { type: "adaptive", display: "omitted" } }, thought, [
    "start 0 thinking",
    "signature_delta",
    "stop 0",
    "start 1 text",
    "text_delta \n\nYes",
    "stop 1",
  ], "end_turn"],
  [
    "thinking that nobody asked for",
    {},
    thought,
    ["start 0 text", "text_delta \n\nYes", "stop 0"],
    "end_turn",
  ],
  ["the token limit", { max_tokens: 1 }, saying([{ text: "Hello" }], "length"), [
    "start 0 text",
    "text_delta Hello",
    "stop 0",
  ], "max_tokens"],
  ["a stop sequence", { stop_sequences: ["END"] }, saying([{ text: "Hello" }], "stop", "END"), [
    "start 0 text",
    "text_delta Hello",
    "stop 0",
  ], "stop_sequence"],
  ["an empty answer", {}, saying([]), ["start 0 text", "stop 0"], "end_turn"],
];

function shown({ type, index, content_block, delta }: any): string {
  if (type === "content_block_start") return `start ${index} ${content_block.type}`;
  if (type === "content_block_stop") return `stop ${index}`;
  const text = delta.text ?? delta.partial_json ?? delta.thinking;
  return text === undefined ? delta.type : `${delta.type} ${text}`;
}

Deno.test("streams have Anthropic's events in its order", async (t) => {
  for (const [name, fields, script, expected, stop] of streams) {
    await t.step(name, async () => {
      const response = await dialectApp(script).post("/v1/messages", { ...hello, ...fields, stream: true });
      match(response.headers.get("request-id")!, /^req_/);
      const events = await sentEvents(response);
      ok(events.every(({ name, data }) => name === data.type));
      const [first, ...rest] = events.map(({ data }) => data);
      equal([first.type, first.message.content, first.message.usage.input_tokens], ["message_start", [], 5]);
      const [delta, last] = rest.splice(-2);
      equal(rest.map(shown), expected);
      equal([delta.type, delta.delta.stop_reason, last], ["message_delta", stop, { type: "message_stop" }]);
      equal([delta.delta.stop_sequence, delta.usage.output_tokens], [
        stop === "stop_sequence" ? "END" : null,
        4,
      ]);
      const whole = await (await dialectApp(script).post("/v1/messages", { ...hello, ...fields })).json();
      equal([whole.stop_reason, whole.content.length], [
        stop,
        expected.filter((e) => e.startsWith("stop")).length,
      ]);
    });
  }
});

Deno.test("a call's input is an object, also when it was cut off", async () => {
  const cut = calling("get_weather", '{"city":"Os');
  for (
    const [script, input] of [[calling("get_weather", '{"city":"Oslo"}'), { city: "Oslo" }], [
      cut,
      {},
    ]] as const
  ) {
    const { content } = await (await dialectApp(script).post("/v1/messages", { ...hello, tools: [weather] }))
      .json();
    equal(content, [{ type: "tool_use", id: "call_1", name: "get_weather", input }]);
  }
  const odd = calling("get_weather", "{}", "functions.get_weather:0");
  const { content } = await (await dialectApp(odd).post("/v1/messages", { ...hello, tools: [weather] }))
    .json();
  match(content[0].id, /^toolu_\w+$/);
});

Deno.test("omitted thinking comes back as thinking", async () => {
  const app = dialectApp(thought);
  const fields = { thinking: { type: "adaptive", display: "omitted" } };
  const { content } = await (await app.post("/v1/messages", { ...hello, ...fields })).json();
  equal(content[0].thinking, "");
  await app.post("/v1/messages", {
    ...hello,
    messages: [user("hi"), { role: "assistant", content }, user("Sure?")],
  });
  equal(app.chat().messages[1], { role: "assistant", content: "\n\nYes", reasoning: "Hmm" });
});

Deno.test("an error in the middle of a stream is its last event", async () => {
  const { post } = dialectApp(async function* (): AsyncGenerator<GenerationEvent> {
    yield { type: "start", promptTokens: 1, cachedTokens: 0 };
    yield { type: "delta", index: 0, text: "Half" };
    throw new SkiffError("unavailable", "The model's process ended");
  });
  const events = await sentEvents(await post("/v1/messages", { ...hello, stream: true }));
  equal(events.at(-1), {
    name: "error",
    data: { type: "error", error: { type: "api_error", message: "The model's process ended" } },
  });
});

Deno.test("while a long prompt is read the stream pings", async () => {
  let goOn = () => {};
  const waiting = new Promise<void>((resolve) => goOn = resolve);
  const { post } = dialectApp(async function* () {
    await waiting;
    yield* saying([{ text: "Done" }])();
  }, { keepAliveMs: 5 });
  const response = await post("/v1/messages", { ...hello, stream: true });
  let text = "";
  const stream = response.body!.pipeThrough(
    new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>,
  );
  for await (const part of stream) {
    text += part;
    if (text.split("event: ping").length > 3) goOn();
  }
  const names = [...text.matchAll(/^event: (.*)$/gm)].map(([, name]) => name);
  equal([names[0], names.filter((name) => name === "message_start").length], ["message_start", 1]);
  equal(names.at(-1), "message_stop");
  match(text, /"type":"message_delta".*"input_tokens":5/);
});

Deno.test("thinking that is not shown does not silence the stream", async () => {
  let pings = 0;
  const { post } = dialectApp(async function* (): AsyncGenerator<GenerationEvent> {
    yield { type: "start", promptTokens: 1, cachedTokens: 0 };
    while (pings < 2) {
      yield { type: "delta", index: 0, reasoning: "Hm" };
      await new Promise((resolve) => setImmediate(resolve));
    }
    yield { type: "delta", index: 0, text: "Yes" };
  }, { keepAliveMs: 5 });
  const response = await post("/v1/messages", { ...hello, stream: true });
  let text = "";
  const stream = response.body!.pipeThrough(
    new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>,
  );
  for await (const part of stream) {
    text += part;
    pings = text.split("event: ping").length - 1;
  }
  match(text, /text_delta/);
});

Deno.test("a client that goes away ends the generation", async () => {
  let aborted = false;
  const { post } = dialectApp(async function* (_, signal): AsyncGenerator<GenerationEvent> {
    signal!.addEventListener("abort", () => aborted = true);
    yield { type: "start", promptTokens: 1, cachedTokens: 0 };
    yield { type: "delta", index: 0, text: "On" };
    signal!.throwIfAborted();
    await new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason)));
  });
  const reader = (await post("/v1/messages", { ...hello, stream: true })).body!.getReader();
  await reader.read();
  await reader.cancel();
  equal(aborted, true);
});

Deno.test("tokens are counted without generating", async () => {
  const app = dialectApp();
  const { max_tokens: _, ...prompt } = hello;
  const response = await app.post("/v1/messages/count_tokens", { ...prompt, system: "S", tools: [weather] });
  equal([response.status, await response.json()], [200, { input_tokens: 2 }]);
  equal(app.host.requests.length, 0);
  equal((await app.post("/v1/messages/count_tokens", { model: "ai/smollm2" })).status, 400);
});

Deno.test("models are listed in Anthropic's form for its clients", async () => {
  const { get } = dialectApp();
  const version = { "anthropic-version": "2023-06-01" };
  for (const [path, headers] of [["/v1/models", version], ["/anthropic/v1/models", {}]] as const) {
    const list = await (await get(path, headers)).json();
    equal([list.data.length, list.has_more, list.first_id], [2, false, "docker.io/ai/smollm2:latest"]);
    equal(list.data[0], {
      type: "model",
      id: "docker.io/ai/smollm2:latest",
      display_name: "smollm2",
      created_at: "2025-03-24T11:49:41Z",
      max_input_tokens: 8192,
      max_tokens: 8192,
    });
    const page = await (await get(`${path}?limit=1&after_id=${list.first_id}`, headers)).json();
    equal([page.data[0].id, page.has_more], [list.last_id, false]);
    const before = await (await get(`${path}?limit=1&before_id=${list.last_id}`, headers)).json();
    equal(before.data[0].id, list.first_id);
    equal((await (await get(`${path}/ai/smollm2`, headers)).json()).type, "model");
    const unknown = await get(`${path}/ai/none`, headers);
    equal([unknown.status, (await unknown.json()).error.type], [404, "not_found_error"]);
  }
  equal((await (await get("/v1/models")).json()).object, "list");
});

Deno.test("the routes answer under every prefix; what is not there is refused in Anthropic's form", async () => {
  const { get, post } = dialectApp();
  for (const prefix of ["/v1", "/anthropic/v1", "/engines/v1", "/engines/llama.cpp/v1"]) {
    equal((await post(`${prefix}/messages?beta=true`, hello)).status, 200, prefix);
    equal((await post(`${prefix}/messages/count_tokens`, hello)).status, 200, prefix);
  }
  for (const path of ["/api/hello", "/anthropic/api/hello"]) {
    equal([(await get(path)).status, (await get(path, {}, "HEAD")).status], [200, 200]);
  }
  const cases = [["/anthropic/v1/nothing", "GET", 404], ["/v1/messages", "GET", 405], [
    "/v1/messages/batches",
    "GET",
    404,
  ]] as const;
  for (const [path, method, status] of cases) {
    const response = await get(path, {}, method);
    equal([response.status, (await response.json()).type], [status, "error"], path);
  }
});

/** Anthropic's Messages API: what requests become, and what streams say. */
import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import type { ChatRequest, GenerationEvent } from "../../../../inference/chat/request.ts";
import { calling, dialectApp, saying, sentEvents } from "../../../support/dialect_app.ts";

const hello = { model: "ai/smollm2", max_tokens: 100, messages: [{ role: "user", content: "hi" }] };
const user = (content: string) => ({ role: "user" as const, content });
const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const weather = { name: "get_weather", description: "Current weather", input_schema: schema };
const weatherTool = { name: "get_weather", description: "Current weather", parameters: schema };
const quiet = { thinking: false };
const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** Fields of a request -> the chat that the model is asked for. */
const requests: [name: string, fields: Record<string, unknown>, chat: Partial<ChatRequest>][] = [
  ["a string", {}, { messages: [user("hi")], ...quiet }],
  ["a system string", { system: "Be short." }, {
    messages: [{ role: "system", content: "Be short." }, user("hi")],
    ...quiet,
  }],
  ["system blocks, without what is told to the billing", {
    system: [
      { type: "text", text: "x-anthropic-billing-header: cc_version=1;" },
      { type: "text", text: "A", cache_control: { type: "ephemeral" } },
      { type: "text", text: "B" },
    ],
  }, { messages: [{ role: "system", content: "A\n\nB" }, user("hi")], ...quiet }],
  ["a system message among the others", {
    messages: [user("hi"), { role: "system", content: "Today is Monday." }],
  }, { messages: [user("hi"), { role: "system", content: "Today is Monday." }], ...quiet }],
  ["thinking, text, calls, results, and what the user says after them", {
    messages: [
      { role: "user", content: [{ type: "text", text: "Weather?" }] },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Ask.", signature: "s" },
          { type: "text", text: "Looking." },
          { type: "tool_use", id: "t1", name: "get_weather", input: { city: "Oslo" } },
          { type: "tool_use", id: "t2", name: "get_time", input: {} },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "t1", content: "cold", is_error: false },
          {
            type: "tool_result",
            tool_use_id: "t2",
            content: [{ type: "text", text: "no clock" }],
            is_error: true,
          },
          { type: "text", text: "So?", cache_control: { type: "ephemeral" } },
        ],
      },
    ],
  }, {
    messages: [
      user("Weather?"),
      {
        role: "assistant",
        content: "Looking.",
        toolCalls: [
          { id: "t1", name: "get_weather", arguments: '{"city":"Oslo"}' },
          { id: "t2", name: "get_time", arguments: "{}" },
        ],
        reasoning: "Ask.",
      },
      { role: "tool", content: "cold", toolCallId: "t1", name: "get_weather" },
      { role: "tool", content: "Error:\nno clock", toolCallId: "t2", name: "get_time" },
      user("So?"),
    ],
    ...quiet,
  }],
  ["a result without content", {
    messages: [{ role: "user", content: [{ type: "tool_result", tool_use_id: "t1" }] }],
  }, { messages: [{ role: "tool", content: "", toolCallId: "t1" }], ...quiet }],
  ["images, also in results", {
    messages: [{
      role: "user",
      content: [
        {
          type: "tool_result",
          tool_use_id: "t1",
          content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: png } }],
        },
        { type: "text", text: "What is it?" },
        { type: "image", source: { type: "base64", media_type: "image/png", data: png } },
      ],
    }],
  }, {
    messages: [
      {
        role: "tool",
        content: [{ type: "image", data: `data:image/png;base64,${png}`, mediaType: "image/png" }],
        toolCallId: "t1",
      },
      {
        role: "user",
        content: [
          { type: "text", text: "What is it?" },
          { type: "image", data: `data:image/png;base64,${png}`, mediaType: "image/png" },
        ],
      },
    ],
    ...quiet,
  }],
  ["documents and search results as text", {
    messages: [{
      role: "user",
      content: [
        { type: "document", title: "T", source: { type: "text", media_type: "text/plain", data: "D" } },
        { type: "document", source: { type: "content", content: [{ type: "text", text: "E" }] } },
        { type: "search_result", source: "s", title: "R", content: [{ type: "text", text: "F" }] },
      ],
    }],
  }, { messages: [user("T\nD\nE\nR\ns\nF")], ...quiet }],
  ["blocks of tools that Anthropic runs", {
    messages: [
      user("hi"),
      {
        role: "assistant",
        content: [
          { type: "redacted_thinking", data: "x" },
          { type: "server_tool_use", id: "s1", name: "web_search", input: {} },
          { type: "web_search_tool_result", tool_use_id: "s1", content: [] },
          { type: "text", text: "Found." },
        ],
      },
      user("And?"),
    ],
  }, { messages: [user("hi"), { role: "assistant", content: "Found." }, user("And?")], ...quiet }],
  ["an answer that is begun", { messages: [user("hi"), { role: "assistant", content: "Well," }] }, {
    messages: [user("hi"), { role: "assistant", content: "Well," }],
    continueLast: true,
    ...quiet,
  }],
  ["tools of every kind", {
    tools: [
      { ...weather, cache_control: { type: "ephemeral" } },
      { type: "custom", name: "strict", input_schema: { type: "object" }, strict: true },
      { type: "web_search_20250305", name: "web_search", max_uses: 3 },
      { name: "later", input_schema: { type: "object" }, defer_loading: true },
    ],
    tool_choice: { type: "auto", disable_parallel_tool_use: true },
  }, {
    messages: [user("hi")],
    tools: [weatherTool, { name: "strict", parameters: { type: "object" }, strict: true }],
    toolChoice: "auto",
    parallelToolCalls: false,
    ...quiet,
  }],
  ["a deferred tool that a result refers to", {
    messages: [user("hi"), {
      role: "user",
      content: [{
        type: "tool_result",
        tool_use_id: "t",
        content: [{ type: "tool_reference", tool_name: "later" }],
      }],
    }],
    tools: [{ name: "later", input_schema: { type: "object" }, defer_loading: true }],
  }, {
    messages: [user("hi"), { role: "tool", content: "The tool later can be called now.", toolCallId: "t" }],
    tools: [{ name: "later", parameters: { type: "object" } }],
    ...quiet,
  }],
  ["tool_choice any", { tools: [weather], tool_choice: { type: "any" } }, {
    messages: [user("hi")],
    tools: [weatherTool],
    toolChoice: "required",
    ...quiet,
  }],
  ["tool_choice tool", { tools: [weather], tool_choice: { type: "tool", name: "get_weather" } }, {
    messages: [user("hi")],
    tools: [weatherTool],
    toolChoice: { name: "get_weather" },
    ...quiet,
  }],
  ["tool_choice none", { tools: [weather], tool_choice: { type: "none" } }, {
    messages: [user("hi")],
    tools: [weatherTool],
    toolChoice: "none",
    ...quiet,
  }],
  ["thinking enabled", { thinking: { type: "enabled", budget_tokens: 1024 } }, {
    messages: [user("hi")],
    thinking: true,
  }],
  ["thinking adaptive, with an effort", {
    thinking: { type: "adaptive", display: "omitted" },
    output_config: { effort: "max" },
  }, { messages: [user("hi")], templateVariables: { reasoning_effort: "high" } }],
  ["thinking disabled", { thinking: { type: "disabled" } }, { messages: [user("hi")], ...quiet }],
  ["a format", { output_config: { format: { type: "json_schema", schema } } }, {
    messages: [user("hi")],
    constraint: { kind: "json_schema", schema },
    ...quiet,
  }],
  ["what claude sends beside it", {
    metadata: { user_id: "u" },
    context_management: { edits: [] },
    service_tier: "auto",
    unheard_of: 1,
  }, { messages: [user("hi")], ...quiet }],
];

Deno.test("requests become chats", async (t) => {
  for (const [name, fields, chat] of requests) {
    await t.step(name, async () => {
      const app = dialectApp();
      const response = await app.post("/v1/messages", { ...hello, ...fields });
      equal([response.status, response.status === 200 ? app.chat() : await response.json()], [200, chat]);
    });
  }
});

Deno.test("tools that clients run by their type have arguments", async () => {
  const app = dialectApp();
  const tools = [
    { type: "bash_20250124", name: "bash" },
    { type: "text_editor_20250728", name: "str_replace_based_edit_tool" },
    { type: "memory_20250818", name: "memory" },
  ];
  await app.post("/v1/messages", { ...hello, tools });
  equal(app.chat().tools!.map(({ name }) => name), ["bash", "str_replace_based_edit_tool", "memory"]);
  ok(app.chat().tools!.every(({ parameters }) => Object.keys(parameters!.properties as object).length > 1));
});

Deno.test("generation fields are taken", async () => {
  const { post, host } = dialectApp();
  const fields = { temperature: 0.3, top_p: 0.5, top_k: 3, stop_sequences: ["END", ""], max_tokens: 128000 };
  await post("/v1/messages", { ...hello, ...fields });
  const { maxTokens, sampling, stop } = host.requests[0];
  equal([maxTokens, sampling, stop], [128000, { temperature: 0.3, topP: 0.5, topK: 3 }, ["END"]]);
});

const refusals: [
  name: string,
  fields: Record<string, unknown>,
  status: number,
  type: string,
  message: RegExp,
][] = [
  ["no max_tokens", { max_tokens: undefined }, 400, "invalid_request_error", /^max_tokens: Field required$/],
  ["an unknown model", { model: "ai/none" }, 404, "not_found_error", /ai\/none/],
  ["no messages", { messages: [] }, 400, "invalid_request_error", /^messages: /],
  [
    "an unknown role",
    { messages: [{ role: "x", content: "" }] },
    400,
    "invalid_request_error",
    /^messages\.0\.role: /,
  ],
  [
    "no content",
    { messages: [{ role: "user" }] },
    400,
    "invalid_request_error",
    /^messages\.0\.content: Field required/,
  ],
  [
    "an unknown block",
    {
      messages: [{ role: "user", content: [{ type: "odd" }] }],
    },
    400,
    "invalid_request_error",
    /^messages\.0\.content\.0\.type: .*'odd'/,
  ],
  [
    "a block without its text",
    {
      messages: [{ role: "user", content: [{ type: "text" }] }],
    },
    400,
    "invalid_request_error",
    /^messages\.0\.content\.0\.text: Field required/,
  ],
  [
    "an image elsewhere",
    {
      messages: [{ role: "user", content: [{ type: "image", source: { type: "url", url: "https://x" } }] }],
    },
    400,
    "invalid_request_error",
    /data: URIs/,
  ],
  [
    "a PDF",
    {
      messages: [{
        role: "user",
        content: [{ type: "document", source: { type: "base64", media_type: "application/pdf", data: "" } }],
      }],
    },
    400,
    "invalid_request_error",
    /source 'base64' cannot be read/,
  ],
  ["a temperature", { temperature: 1.5 }, 400, "invalid_request_error", /^temperature: .* at most 1/],
  [
    "an unknown tool type",
    { tools: [{ type: "odd_1", name: "x" }] },
    400,
    "invalid_request_error",
    /^tools\.0\.type/,
  ],
  [
    "a tool without a schema",
    { tools: [{ name: "x" }] },
    400,
    "invalid_request_error",
    /^tools\.0\.input_schema/,
  ],
  ["a tool twice", { tools: [weather, weather] }, 400, "invalid_request_error", /unique/],
  [
    "any of no tools",
    { tool_choice: { type: "any" } },
    400,
    "invalid_request_error",
    /while providing tools/,
  ],
  [
    "an unknown tool",
    {
      tools: [weather],
      tool_choice: { type: "tool", name: "x" },
    },
    400,
    "invalid_request_error",
    /'x' not found/,
  ],
  [
    "MCP servers",
    { mcp_servers: [{ type: "url", url: "https://x" }] },
    400,
    "invalid_request_error",
    /^mcp_servers/,
  ],
];

Deno.test("refusals are Anthropic's", async (t) => {
  for (const [name, fields, status, type, message] of refusals) {
    await t.step(name, async () => {
      const response = await dialectApp().post("/v1/messages", { ...hello, ...fields });
      const body = await response.json();
      equal([body.type, response.status, body.error.type], ["error", status, type], body.error.message);
      match(body.error.message, message);
      equal(body.request_id, response.headers.get("request-id"));
    });
  }
});

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

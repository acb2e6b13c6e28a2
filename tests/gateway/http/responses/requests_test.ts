/** OpenAI's Responses API: what requests become, and what is refused. */
import { deepStrictEqual as equal, match } from "node:assert/strict";
import type { ChatRequest } from "../../../../inference/chat/request.ts";
import { dialectApp } from "../../../support/dialect_app.ts";

const hello = { model: "ai/smollm2", input: "hi" };
const user = (content: string) => ({ role: "user" as const, content });
const weather = {
  type: "function",
  name: "get_weather",
  description: "Current weather",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  strict: false,
};
const weatherTool = {
  name: "get_weather",
  description: "Current weather",
  parameters: weather.parameters,
  strict: false,
};
const pixel =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** Fields of a request -> the chat that the model is asked for. */
const requests: [name: string, fields: Record<string, unknown>, chat: Partial<ChatRequest>][] = [
  ["a string", {}, { messages: [user("hi")] }],
  ["instructions", { instructions: "Be short." }, {
    messages: [{ role: "system", content: "Be short." }, user("hi")],
  }],
  ["messages of every role, with and without a type", {
    input: [
      { role: "developer", content: "D" },
      {
        type: "message",
        role: "user",
        content: [{ type: "input_text", text: "A" }, { type: "input_text", text: "B" }],
      },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "C", annotations: [] }] },
      { role: "system", content: "S" },
      { role: "user", content: [{ type: "input_text", text: "E" }] },
    ],
  }, {
    messages: [
      { role: "developer", content: "D" },
      { role: "user", content: [{ type: "text", text: "A" }, { type: "text", text: "B" }] },
      { role: "assistant", content: "C" },
      { role: "system", content: "S" },
      user("E"),
    ],
  }],
  ["reasoning, text, calls and results of one turn", {
    input: [
      user("Weather?"),
      { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Ask." }] },
      { type: "message", role: "assistant", content: "Looking." },
      { type: "function_call", call_id: "c1", name: "get_weather", arguments: "{}" },
      { type: "function_call", call_id: "c2", name: "look", namespace: "eyes", arguments: "{}" },
      { type: "function_call_output", call_id: "c1", output: "cold" },
      { type: "function_call_output", call_id: "c2", output: [{ type: "input_text", text: "white" }] },
    ],
  }, {
    messages: [
      user("Weather?"),
      {
        role: "assistant",
        content: "Looking.",
        toolCalls: [
          { id: "c1", name: "get_weather", arguments: "{}" },
          { id: "c2", name: "eyes__look", arguments: "{}" },
        ],
        reasoning: "Ask.",
      },
      { role: "tool", content: "cold", toolCallId: "c1", name: "get_weather" },
      { role: "tool", content: "white", toolCallId: "c2", name: "eyes__look" },
    ],
  }],
  ["calls of custom tools", {
    input: [
      { type: "custom_tool_call", call_id: "c1", name: "patch", input: "a\nb" },
      { type: "custom_tool_call_output", call_id: "c1", output: "done" },
    ],
  }, {
    messages: [
      {
        role: "assistant",
        content: "",
        toolCalls: [{ id: "c1", name: "patch", arguments: '{"input":"a\\nb"}' }],
      },
      { role: "tool", content: "done", toolCallId: "c1", name: "patch" },
    ],
  }],
  ["items of tools that OpenAI runs", {
    input: [user("hi"), { type: "web_search_call", id: "ws_1", status: "completed", action: {} }],
  }, { messages: [user("hi")] }],
  ["an image", {
    input: [{ role: "user", content: [{ type: "input_image", image_url: pixel, detail: "auto" }] }],
  }, { messages: [{ role: "user", content: [{ type: "image", data: pixel }] }] }],
  ["tools of every kind", {
    tools: [
      weather,
      { type: "namespace", name: "mcp__x", description: "X", tools: [{ type: "function", name: "get" }] },
      { type: "custom", name: "patch", description: "Edits", format: { type: "text" } },
      { type: "web_search", external_web_access: true },
      { type: "web_search_preview" },
    ],
    parallel_tool_calls: false,
  }, {
    messages: [user("hi")],
    tools: [
      weatherTool,
      { name: "mcp__x__get" },
      {
        name: "patch",
        description: "Edits",
        parameters: {
          type: "object",
          properties: { input: { type: "string" } },
          required: ["input"],
          additionalProperties: false,
        },
      },
    ],
    parallelToolCalls: false,
  }],
  ["tool_choice required", { tools: [weather], tool_choice: "required" }, {
    messages: [user("hi")],
    tools: [weatherTool],
    toolChoice: "required",
  }],
  ["tool_choice by name", { tools: [weather], tool_choice: { type: "function", name: "get_weather" } }, {
    messages: [user("hi")],
    tools: [weatherTool],
    toolChoice: { name: "get_weather" },
  }],
  ["tool_choice of allowed tools", {
    tools: [weather, { type: "function", name: "other" }],
    tool_choice: {
      type: "allowed_tools",
      mode: "required",
      tools: [{ type: "function", name: "get_weather" }],
    },
  }, { messages: [user("hi")], tools: [weatherTool], toolChoice: "required" }],
  ["tool_choice auto where no tool is left", { tools: [{ type: "web_search" }], tool_choice: "auto" }, {
    messages: [user("hi")],
  }],
  ["text.format json_schema", {
    text: { format: { type: "json_schema", name: "x", schema: { type: "object" }, strict: true } },
  }, {
    messages: [user("hi")],
    constraint: { kind: "json_schema", schema: { type: "object" }, strict: true },
  }],
  ["text.format json_object", { text: { format: { type: "json_object" } } }, {
    messages: [user("hi")],
    constraint: { kind: "json_object" },
  }],
  ["reasoning effort", { reasoning: { effort: "low", summary: "auto" } }, {
    messages: [user("hi")],
    templateVariables: { reasoning_effort: "low" },
  }],
  ["no reasoning", { reasoning: { effort: "none" } }, { messages: [user("hi")], thinking: false }],
  ["what codex sends beside it", {
    include: ["reasoning.encrypted_content"],
    prompt_cache_key: "k",
    client_metadata: { a: "b" },
    store: false,
    unheard_of: 1,
  }, { messages: [user("hi")] }],
];

Deno.test("requests become chats", async (t) => {
  for (const [name, fields, chat] of requests) {
    await t.step(name, async () => {
      const app = dialectApp();
      const response = await app.post("/v1/responses", { ...hello, ...fields });
      equal([response.status, response.status === 200 ? app.chat() : await response.json()], [200, chat]);
    });
  }
});

Deno.test("generation fields are taken", async () => {
  const { post, host } = dialectApp();
  await post("/v1/responses", {
    ...hello,
    max_output_tokens: 7,
    temperature: 0.3,
    top_p: 0.5,
    top_logprobs: 2,
  });
  const { maxTokens, sampling, logprobs } = host.requests[0];
  equal([maxTokens, sampling, logprobs], [7, { temperature: 0.3, topP: 0.5 }, 2]);
});

const refusals: [
  name: string,
  fields: Record<string, unknown>,
  status: number,
  param: string | null,
  message: RegExp,
][] = [
  ["no model", { model: undefined }, 400, "model", /Missing required parameter: 'model'/],
  ["an unknown model", { model: "ai/none" }, 404, "model", /does not exist/],
  ["no input", { input: undefined }, 400, "input", /Missing required parameter: 'input'/],
  ["a wrong type", { temperature: "hot" }, 400, "temperature", /expected a decimal/],
  ["an unknown item", { input: [{ type: "odd" }] }, 400, "input[0].type", /Invalid value: 'odd'/],
  ["a message without content", { input: [{ role: "user" }] }, 400, "input[0].content", /Missing required/],
  [
    "an unknown part",
    { input: [{ role: "user", content: [{ type: "odd" }] }] },
    400,
    "input[0].content[0].type",
    /odd/,
  ],
  [
    "an image elsewhere",
    {
      input: [{ role: "user", content: [{ type: "input_image", image_url: "https://example.com/a.png" }] }],
    },
    400,
    "input[0].content[0].image_url",
    /data: URIs/,
  ],
  [
    "a file",
    { input: [{ role: "user", content: [{ type: "input_file", file_id: "f" }] }] },
    400,
    null,
    /input_file/,
  ],
  ["an unknown tool", { tools: [{ type: "fuction", name: "x" }] }, 400, "tools[0].type", /fuction/],
  ["a tool without a name", { tools: [{ type: "function" }] }, 400, "tools[0].name", /Missing required/],
  ["a choice without tools", { tool_choice: "required" }, 400, "tool_choice", /only allowed when 'tools'/],
  [
    "a choice of an unknown tool",
    { tools: [weather], tool_choice: { type: "function", name: "x" } },
    400,
    "tool_choice",
    /'x' not found/,
  ],
  [
    "a choice of a hosted tool",
    { tools: [weather], tool_choice: { type: "web_search" } },
    400,
    "tool_choice",
    /web_search/,
  ],
  [
    "an unknown previous response",
    { previous_response_id: "resp_x" },
    400,
    "previous_response_id",
    /'resp_x' not found/,
  ],
  [
    "an unknown item reference",
    { input: [{ type: "item_reference", id: "msg_x" }] },
    400,
    "input[0].id",
    /'msg_x' not found/,
  ],
  ["a conversation", { conversation: "conv_1" }, 400, "conversation", /not supported/],
  ["a prompt template", { prompt: { id: "p" } }, 400, "prompt", /not supported/],
  ["a background stream", { background: true, stream: true }, 400, "background", /either/],
];

Deno.test("refusals are OpenAI's", async (t) => {
  for (const [name, fields, status, param, message] of refusals) {
    await t.step(name, async () => {
      const response = await dialectApp().post("/v1/responses", { ...hello, ...fields });
      const { error } = await response.json();
      equal(response.status, status, error.message);
      if (param !== null) equal(error.param, param);
      match(error.message, message);
    });
  }
});

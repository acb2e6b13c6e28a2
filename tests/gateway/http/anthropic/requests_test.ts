/** Anthropic's Messages API: what requests become, and what is refused. */
import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import type { ChatRequest } from "../../../../inference/chat/request.ts";
import { dialectApp } from "../../../support/dialect_app.ts";

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

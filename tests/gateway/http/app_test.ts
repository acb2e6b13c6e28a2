import { deepStrictEqual as equal, match, ok } from "node:assert/strict";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { createApp } from "../../../gateway/http/app.ts";
import type { Connection } from "../../../gateway/http/parts.ts";
import { MadeStore, ScriptedHost } from "../../support/scripted_host.ts";

const local: Connection = { transport: "tcp", remote: "127.0.0.1" };

function setUp() {
  const store = new MadeStore();
  const host = new ScriptedHost();
  const app = createApp({ store, host, version: "9.9.9" });
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    app.request(path, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers },
    }, local);
  return { store, host, app, post };
}

const hello = { model: "ai/smollm2", messages: [{ role: "user", content: "hi" }] };

Deno.test("routes answer under every prefix", async () => {
  const { app, post } = setUp();
  for (
    const prefix of [
      "/v1",
      "/engines/v1",
      "/engines/llama.cpp/v1",
      "/exp/vDD4.40/engines/v1",
      "//engines//v1",
    ]
  ) {
    equal((await app.request(`http://localhost${prefix}/models`)).status, 200, prefix);
    equal((await post(`http://localhost${prefix}/chat/completions`, hello)).status, 200, prefix);
  }
  const unknown = await post("/engines/vllm/v1/chat/completions", hello);
  equal([unknown.status, await unknown.text()], [404, "backend not found\n"]);
});

Deno.test("unknown paths get 404, known paths with another method 405", async () => {
  const { app } = setUp();
  const cases: [string, string, number, string | null][] = [
    ["GET", "/nothing", 404, null],
    ["GET", "/v1/nothing", 404, null],
    ["GET", "/v1/chat/completions", 405, "POST"],
    ["POST", "/v1/models", 405, "GET"],
    ["DELETE", "/engines/ps", 405, "GET"],
    ["POST", "/metrics", 405, "GET"],
    ["HEAD", "/", 200, null],
    ["PUT", "/models/ai/smollm2", 405, "GET, POST, DELETE"],
  ];
  for (const [method, path, status, allow] of cases) {
    const response = await app.request(path, { method }, local);
    equal([response.status, response.headers.get("allow")], [status, allow], `${method} ${path}`);
  }
  equal((await (await app.request("/v1/nothing")).json()).error.code, "unknown_url");
});

Deno.test("chat completion carries message, usage and timings", async () => {
  const { post, host } = setUp();
  const response = await post("/v1/chat/completions", { ...hello, max_tokens: 4 });
  const body = await response.json();
  equal(body.object, "chat.completion");
  equal(body.model, "ai/smollm2");
  equal(body.choices, [{
    index: 0,
    message: { role: "assistant", content: "Whales are mammals.", refusal: null },
    logprobs: null,
    finish_reason: "length",
  }]);
  equal(body.usage.total_tokens, 13);
  equal(body.usage.prompt_tokens_details.cached_tokens, 4);
  equal(body.timings.predicted_per_second, 100);
  equal(response.headers.get("skiff-engine"), "llama");
  equal(host.requests[0].maxTokens, 4);
});

Deno.test("chat request becomes the internal form", async () => {
  const cases: [string, Record<string, unknown>, (r: any) => unknown, unknown][] = [
    [
      "llama.cpp sampling",
      { top_k: 1, min_p: 0.1, typical_p: 0.9, repeat_penalty: 1.1, mirostat: 2, dry_base: 2 },
      (r) => r.sampling,
      {
        topK: 1,
        minP: 0.1,
        typicalP: 0.9,
        repeatPenalty: 1.1,
        mirostat: 2,
        dryBase: 2,
      },
    ],
    ["stop string", { stop: "END" }, (r) => r.stop, ["END"]],
    ["stop list", { stop: ["a", "", "b"] }, (r) => r.stop, ["a", "b"]],
    ["nulls", { temperature: null, stop: null, tools: null, n: null }, (r) => [r.sampling, r.n], [{}, 1]],
    ["-1 tokens", { max_tokens: -1 }, (r) => r.maxTokens, undefined],
    ["max_completion_tokens wins", { max_tokens: 5, max_completion_tokens: 7 }, (r) => r.maxTokens, 7],
    ["seed -1", { seed: -1 }, (r) => r.sampling.seed, undefined],
    ["logit_bias map", { logit_bias: { "12": -100 } }, (r) => r.sampling.logitBias, [[12, -100]]],
    ["logit_bias text", { logit_bias: [["A", 5], [7, false]] }, (r) => r.sampling.logitBias, [[65, 5], [
      7,
      -1e30,
    ]]],
    ["json_object", { response_format: { type: "json_object" } }, (r) => r.prompt.chat.constraint, {
      kind: "json_object",
    }],
    [
      "json_schema",
      {
        response_format: {
          type: "json_schema",
          json_schema: { name: "x", schema: { type: "object" }, strict: true },
        },
      },
      (r) => r.prompt.chat.constraint,
      {
        kind: "json_schema",
        schema: { type: "object" },
        strict: true,
      },
    ],
    ["grammar", { grammar: "root ::= [a]" }, (r) => r.prompt.chat.constraint, {
      kind: "gbnf",
      grammar: "root ::= [a]",
    }],
    ["top_logprobs", { logprobs: true, top_logprobs: 3 }, (r) => r.logprobs, 3],
    ["logprobs alone", { logprobs: true }, (r) => r.logprobs, 0],
    ["effort none", { reasoning_effort: "none" }, (r) => r.prompt.chat.thinking, false],
    [
      "thinking off",
      { chat_template_kwargs: { enable_thinking: false } },
      (r) => r.prompt.chat.thinking,
      false,
    ],
    ["reasoning_format", { reasoning_format: "none" }, (r) => r.prompt.chat.reasoningFormat, "none"],
    ["unknown field", { store: true, metadata: {} }, (r) => r.prompt.chat, {
      messages: [{ role: "user", content: "hi" }],
    }],
    [
      "assistant last",
      { messages: [{ role: "assistant", content: "So" }] },
      (r) => r.prompt.chat.continueLast,
      true,
    ],
    [
      "parts",
      { messages: [{ role: "user", content: [{ type: "text", text: "a" }] }] },
      (r) => r.prompt.chat.messages[0].content,
      [
        { type: "text", text: "a" },
      ],
    ],
    [
      "tool turn",
      { messages: [{ role: "tool", tool_call_id: "c1", content: "4" }] },
      (r) => r.prompt.chat.messages[0],
      {
        role: "tool",
        content: "4",
        toolCallId: "c1",
      },
    ],
  ];
  const { post, host } = setUp();
  for (const [name, fields, pick, expected] of cases) {
    const response = await post("/v1/chat/completions", { ...hello, ...fields });
    equal(response.status, 200, `${name}: ${await response.text()}`);
    equal(pick(host.requests.at(-1)), expected, name);
  }
});

Deno.test("a wrong request gets OpenAI's error body", async () => {
  const schema = { type: "json_schema", json_schema: { name: "x" } };
  const cases: [unknown, string | null, string | null, RegExp][] = [
    ["{", null, null, /could not parse the JSON body/],
    ["[]", null, "invalid_type", /JSON object/],
    [
      { model: "smollm2" },
      "messages",
      "missing_required_parameter",
      /^Missing required parameter: 'messages'\.$/,
    ],
    [{ messages: [] }, "model", "missing_required_parameter", /'model'/],
    [{ ...hello, messages: [] }, "messages", "empty_array", /Expected an array with minimum length 1/],
    [{ ...hello, messages: "x" }, "messages", "invalid_type", /expected an array, but got a string instead/],
    [
      { ...hello, messages: [{ role: "robot", content: "" }] },
      "messages[0].role",
      "invalid_value",
      /^Invalid value: 'robot'\. Supported/,
    ],
    [
      { ...hello, messages: [{ role: "user" }] },
      "messages[0].content",
      "missing_required_parameter",
      /content/,
    ],
    [
      { ...hello, messages: [{ role: "user", content: [{ type: "video" }] }] },
      "messages[0].content[0].type",
      "invalid_value",
      /'video'/,
    ],
    [{ ...hello, temperature: "1" }, "temperature", "invalid_type", /expected a decimal, but got a string/],
    [{ ...hello, temperature: -1 }, "temperature", "integer_below_min_value", />= 0, but got -1/],
    [{ ...hello, top_p: 1.5 }, "top_p", "decimal_above_max_value", /<= 1, but got 1.5/],
    [{ ...hello, n: 0 }, "n", "integer_below_min_value", /integer below minimum/],
    [{ ...hello, max_tokens: 0 }, "max_tokens", "integer_below_min_value", />= 1, but got 0/],
    [{ ...hello, n: 1.5 }, "n", "invalid_type", /expected an integer, but got a decimal/],
    [{ ...hello, stop: 3 }, "stop", "invalid_type", /one of a string or an array/],
    [{ ...hello, stop: [3] }, "stop[0]", "invalid_type", /expected a string/],
    [{ ...hello, stream: "yes" }, "stream", "invalid_type", /boolean/],
    [{ ...hello, top_logprobs: 21 }, "top_logprobs", "integer_above_max_value", /20/],
    [
      { ...hello, tools: [{ type: "function", function: {} }] },
      "tools[0].function.name",
      "missing_required_parameter",
      /name/,
    ],
    [{ ...hello, tool_choice: "required" }, "tool_choice", "invalid_value", /only allowed when 'tools'/],
    [{ ...hello, response_format: { type: "xml" } }, "response_format.type", "invalid_value", /'xml'/],
    [
      { ...hello, response_format: schema },
      "response_format.json_schema.schema",
      "missing_required_parameter",
      /schema/,
    ],
    [{ ...hello, grammar: "x", json_schema: {} }, "grammar", "invalid_value", /only one of/],
    [
      {
        ...hello,
        messages: [{
          role: "user",
          content: [{ type: "image_url", image_url: { url: "http://10.0.0.1/" } }],
        }],
      },
      "messages[0].content[0].image_url",
      "invalid_image_url",
      /data: URI/,
    ],
  ];
  const { post, host } = setUp();
  for (const [body, param, code, message] of cases) {
    const response = await post("/v1/chat/completions", body);
    const { error } = await response.json();
    equal([response.status, error.type, error.param, error.code], [
      400,
      "invalid_request_error",
      param,
      code,
    ]);
    match(error.message, message);
  }
  equal(host.requests.length, 0);
});

Deno.test("errors of store and host keep their meaning", async () => {
  const cases: [SkiffError, number, string, string | null][] = [
    [
      new SkiffError("context_overflow", "too long", { details: { n_prompt_tokens: 9, n_ctx: 8 } }),
      400,
      "invalid_request_error",
      "context_length_exceeded",
    ],
    [
      new SkiffError("overloaded", "full", { details: { retryAfterSeconds: 3 } }),
      429,
      "rate_limit_error",
      "rate_limit_exceeded",
    ],
    [new SkiffError("unavailable", "the runner died"), 503, "server_error", null],
    [new SkiffError("internal", "fault"), 500, "server_error", null],
    [new SkiffError("unsupported", "images"), 400, "invalid_request_error", "unsupported_parameter"],
    [new SkiffError("out_of_memory", "no memory"), 507, "server_error", null],
  ];
  const { post, host } = setUp();
  for (const [thrown, status, type, code] of cases) {
    // deno-lint-ignore require-yield
    host.script = async function* () {
      throw thrown;
    };
    for (const stream of [false, true]) {
      const response = await post("/v1/chat/completions", { ...hello, stream });
      const { error } = await response.json();
      equal([response.status, error.type, error.code, error.message], [status, type, code, thrown.message]);
      if (status === 429) equal(response.headers.get("retry-after"), "3");
      if (code === "context_length_exceeded") equal([error.n_prompt_tokens, error.n_ctx], [9, 8]);
    }
  }
  const missing = await post("/v1/chat/completions", { ...hello, model: "nope" });
  const { error } = await missing.json();
  equal([missing.status, error.code, error.param], [404, "model_not_found", "model"]);
});

function events(text: string): any[] {
  return text.split("\n\n").filter(Boolean).map((event) => {
    const data = event.replace(/^data: /, "");
    return data === "[DONE]" ? data : JSON.parse(data);
  });
}

Deno.test("chat streams chunks, finish, usage and [DONE]", async () => {
  const { post } = setUp();
  const response = await post("/v1/chat/completions", {
    ...hello,
    stream: true,
    stream_options: { include_usage: true },
  });
  equal(response.headers.get("content-type"), "text/event-stream");
  const chunks = events(await response.text());
  equal(chunks.pop(), "[DONE]");
  equal(new Set(chunks.map((chunk) => chunk.id)).size, 1);
  equal(chunks[0].choices[0].delta, { role: "assistant", content: "" });
  equal(chunks.slice(1, 5).map((c) => c.choices[0].delta.content).join(""), "Whales are mammals.");
  equal(chunks[5].choices[0], { index: 0, delta: {}, logprobs: null, finish_reason: "stop" });
  equal([chunks[5].usage, chunks[6].choices, chunks[6].usage.total_tokens], [null, [], 13]);

  const plain = events(await (await post("/v1/chat/completions", { ...hello, stream: true, n: 2 })).text());
  ok(plain.every((chunk) => chunk === "[DONE]" || !("usage" in chunk)));
  equal(plain.at(-2).choices[0].finish_reason, "stop");
  equal(plain.at(-2).timings.predicted_n, 4);
  equal(plain.filter((chunk) => chunk.choices?.[0].finish_reason).map((chunk) => chunk.choices[0].index), [
    0,
    1,
  ]);
});

Deno.test("tool calls come as one message and as deltas", async () => {
  const { post, host } = setUp();
  host.script = async function* () {
    yield { type: "start", promptTokens: 1, cachedTokens: 0 };
    yield { type: "delta", index: 0, reasoning: "I should ask." };
    yield { type: "delta", index: 0, toolCall: { index: 0, id: "call_1", name: "weather" } };
    yield { type: "delta", index: 0, toolCall: { index: 0, arguments: '{"city":' } };
    yield { type: "delta", index: 0, toolCall: { index: 0, arguments: '"Oslo"}' } };
    yield { type: "end", index: 0, finishReason: "tool_calls" };
  };
  const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object" } } }];
  const request = { ...hello, tools, tool_choice: { type: "function", function: { name: "weather" } } };
  const body = await (await post("/v1/chat/completions", request)).json();
  equal(body.choices[0].message, {
    role: "assistant",
    content: null,
    refusal: null,
    reasoning_content: "I should ask.",
    tool_calls: [{
      id: "call_1",
      type: "function",
      function: { name: "weather", arguments: '{"city":"Oslo"}' },
    }],
  });
  const { prompt } = host.requests[0];
  equal(prompt.kind === "chat" && prompt.chat.toolChoice, { name: "weather" });
  const chunks = events(await (await post("/v1/chat/completions", { ...request, stream: true })).text());
  equal(chunks[2].choices[0].delta.tool_calls, [
    { index: 0, id: "call_1", type: "function", function: { name: "weather", arguments: "" } },
  ]);
  equal(chunks[4].choices[0].delta.tool_calls, [{ index: 0, function: { arguments: '"Oslo"}' } }]);
});

Deno.test("an error in the middle of a stream is its last event", async () => {
  const { post, host } = setUp();
  host.script = async function* () {
    yield { type: "start", promptTokens: 1, cachedTokens: 0 };
    yield { type: "delta", index: 0, text: "a" };
    throw new SkiffError("unavailable", "The runner ended", { hint: "Try again." });
  };
  for (const path of ["/v1/chat/completions", "/v1/completions"]) {
    const all = events(await (await post(path, { ...hello, prompt: "x", stream: true })).text());
    equal(all.at(-1).error.message, "The runner ended", path);
    ok(!all.includes("[DONE]"));
  }
});

Deno.test("a client that goes away ends the generation", async () => {
  const { post, host } = setUp();
  const ended = Promise.withResolvers<boolean>();
  host.script = async function* (_request, signal) {
    try {
      yield { type: "start", promptTokens: 1, cachedTokens: 0 };
      while (true) yield { type: "delta", index: 0, text: "word " };
    } finally {
      ended.resolve(signal!.aborted);
    }
  };
  const response = await post("/v1/chat/completions", { ...hello, stream: true });
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  equal(await ended.promise, true);
});

Deno.test("completions: prompts, echo, logprobs, stream, refusals", async () => {
  const { post, host } = setUp();
  const many =
    await (await post("/v1/completions", { model: "smollm2", prompt: ["a", "b"], n: 2, logprobs: 2 })).json();
  equal(many.object, "text_completion");
  equal(many.choices.map((choice: any) => choice.index), [0, 1, 2, 3]);
  equal(many.choices[0].logprobs.tokens, ["Whales", " are", " mammals", "."]);
  equal(many.choices[0].logprobs.text_offset, [0, 6, 10, 18]);
  equal(Object.keys(many.choices[0].logprobs.top_logprobs[0]), ["Whales"]);
  equal(many.usage.prompt_tokens, 18);
  await post("/v1/completions", { model: "smollm2", prompt: [1, 2], echo: true, stop: ["x"] });
  equal(host.requests.at(-1)!.prompt, { kind: "tokens", tokens: [1, 2], echo: true });
  const all = events(
    await (await post("/v1/completions", {
      model: "smollm2",
      prompt: "a",
      stream: true,
      stream_options: { include_usage: true },
    })).text(),
  );
  equal(all.slice(0, 4).map((c) => c.choices[0].text).join(""), "Whales are mammals.");
  equal([all[4].choices[0].finish_reason, all[5].usage.total_tokens, all[6]], ["stop", 13, "[DONE]"]);
  const suffix = await post("/v1/completions", { model: "smollm2", prompt: "a", suffix: "b" });
  equal([suffix.status, (await suffix.json()).error.param], [400, "suffix"]);
  const none = await post("/v1/completions", { model: "smollm2" });
  equal((await none.json()).error.code, "missing_required_parameter");
});

Deno.test("embeddings: inputs, encodings, dimensions", async () => {
  const { post, host } = setUp();
  const embed = async (fields: object) =>
    await (await post("/v1/embeddings", { model: "smollm2", ...fields })).json();
  const two = await embed({ input: ["abc", "d"] });
  equal(two.data.map((d: any) => d.index), [0, 1]);
  const length = Math.hypot(...two.data[0].embedding);
  ok(Math.abs(length - 1) < 1e-6);
  equal(two.usage, { prompt_tokens: 7, total_tokens: 7 });
  const short = await embed({ input: "abc", dimensions: 2 });
  equal(short.data[0].embedding.map((x: number) => Math.fround(x)), [0.6, 0.8].map(Math.fround));
  const packed = await embed({ input: "abc", dimensions: 2, encoding_format: "base64" });
  const bytes = Uint8Array.from(atob(packed.data[0].embedding), (c) => c.charCodeAt(0));
  equal([...new Float32Array(bytes.buffer)], [0.6, 0.8].map(Math.fround));
  await embed({ input: [1, 2, 3] });
  equal(host.embedded.at(-1), [[1, 2, 3]]);
  await embed({ input: [[1], [2, 3]] });
  equal(host.embedded.at(-1), [[1], [2, 3]]);
  equal((await embed({ input: "abc", dimensions: 9 })).error.param, "dimensions");
  equal((await embed({ input: "" })).error.code, "empty_string");
  equal((await embed({ input: [] })).error.param, "input");
});

Deno.test("rerank: documents by score, in the forms of Jina and of text-embeddings-inference", async () => {
  const { post } = setUp();
  const rank = async (fields: object, path = "/v1/rerank") =>
    await (await post(path, { model: "smollm2", query: "abc", ...fields })).json();
  const documents = ["xyz", "abc", "b"];
  equal(await rank({ documents }), {
    model: "smollm2",
    object: "list",
    results: [
      { index: 1, relevance_score: 3 },
      { index: 2, relevance_score: 1 },
      { index: 0, relevance_score: 0 },
    ],
    usage: { prompt_tokens: 3, total_tokens: 3 },
  });
  const [best] = (await rank({ documents, top_n: 1, return_documents: true })).results;
  equal(best, { index: 1, relevance_score: 3, document: { text: "abc" } });
  const objects = documents.map((text) => ({ text }));
  for (const path of ["/rerank", "/reranking", "/v1/reranking", "/engines/v1/rerank"]) {
    equal((await rank({ documents: objects }, path)).results.length, 3, path);
  }
  equal(await rank({ texts: documents, top_n: 2, return_text: true }), [
    { index: 1, score: 3, text: "abc" },
    { index: 2, score: 1, text: "b" },
  ]);
  equal((await rank({})).error.param, "documents");
  equal((await rank({ documents: [] })).error.param, "documents");
  equal((await rank({ documents, query: 1 })).error.param, "query");
});

Deno.test("models, tokens and templates", async () => {
  const { app, post } = setUp();
  const list = await (await app.request("/engines/v1/models")).json();
  equal(list.data[0], {
    id: "docker.io/ai/smollm2:latest",
    object: "model",
    created: 1742816981,
    owned_by: "docker",
    dmr: {
      context_window: 8192,
      architecture: "llama",
      parameters: "134.52M",
      quantization: "Q4_1",
      size: "91.73MiB",
    },
  });
  for (const name of ["ai/smollm2", "ai%2Fsmollm2", "smollm2", "docker.io/ai/smollm2:latest"]) {
    equal((await (await app.request(`/v1/models/${name}`)).json()).id, "docker.io/ai/smollm2:latest", name);
  }
  equal((await app.request("/v1/models/ai/nope")).status, 404);
  equal(await (await post("/tokenize", { model: "smollm2", content: "AB" })).json(), { tokens: [65, 66] });
  equal((await post("/tokenize", { content: "AB" })).status, 400);
  await post("/v1/chat/completions", hello);
  equal(await (await post("/tokenize", { content: "AB", with_pieces: true })).json(), {
    tokens: [{ id: 65, piece: "A" }, { id: 66, piece: "B" }],
  });
  equal(await (await post("/v1/detokenize", { tokens: [65] })).json(), { content: "A" });
  equal(await (await post("/apply-template", { messages: hello.messages })).json(), { prompt: "<|user|>hi" });
});

Deno.test("bodies over the limit get 413, preload-only answers nothing", async () => {
  const app = createApp({
    store: new MadeStore(),
    host: new ScriptedHost(),
    version: "1",
    settings: { maxBodyBytes: 64 },
  });
  const body = JSON.stringify({ ...hello, user: "x".repeat(100) });
  const response = await app.request("/v1/chat/completions", { method: "POST", body }, local);
  equal([response.status, (await response.json()).error.code], [413, "request_too_large"]);
  const { post, host } = setUp();
  const preload = await post("/engines/v1/chat/completions", { model: "smollm2" }, {
    "x-preload-only": "true",
  });
  equal([preload.status, await preload.text(), host.preloaded.length, host.requests.length], [200, "", 1, 0]);
});

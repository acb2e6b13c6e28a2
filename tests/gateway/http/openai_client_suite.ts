/**
 * What the official `openai` client must be able to do with a server and a chat model behind it. The checks
 * hold for any model, so that one suite runs against a scripted host and against real ones.
 */
import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import OpenAI from "openai";
import { type Checks, clientSuite, type ClientTarget, runChecks } from "../../support/client_checks.ts";

const ask = (content: string): OpenAI.ChatCompletionMessageParam[] => [{ role: "user", content }];

const weather: OpenAI.ChatCompletionTool = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Current weather of a city",
    parameters: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
      additionalProperties: false,
    },
  },
};

const person = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"],
  additionalProperties: false,
};

const checks: Checks<OpenAI> = {
  async "models are listed and retrieved"(client, model) {
    const ids: string[] = [];
    for await (const { id } of client.models.list()) ids.push(id);
    const one = await client.models.retrieve(model);
    ok(ids.includes(one.id));
    equal(one.object, "model");
  },

  async "a chat completion has text, usage and a finish reason"(client, model) {
    const answer = await client.chat.completions.create({
      model,
      messages: ask("Say hello."),
      max_tokens: 8,
    });
    ok(answer.choices[0].message.content!.length > 0);
    ok(["stop", "length"].includes(answer.choices[0].finish_reason));
    const { prompt_tokens, completion_tokens, total_tokens } = answer.usage!;
    ok(prompt_tokens > 0 && completion_tokens > 0 && completion_tokens <= 8);
    equal(total_tokens, prompt_tokens + completion_tokens);
  },

  async "a stream gives the same text as a whole answer, and usage when asked"(client, model) {
    const request = { model, messages: ask("Name three whales."), max_tokens: 16, temperature: 0, seed: 1 };
    const whole = await client.chat.completions.create(request);
    const stream = await client.chat.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let usage: OpenAI.CompletionUsage | null | undefined;
    const finishes: string[] = [];
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      if (chunk.choices[0]?.finish_reason) finishes.push(chunk.choices[0].finish_reason);
      usage = chunk.usage ?? usage;
    }
    equal([text, finishes], [whole.choices[0].message.content, [whole.choices[0].finish_reason]]);
    equal(usage?.completion_tokens, whole.usage?.completion_tokens);
  },

  async "n gives independent answers"(client, model) {
    const request = { model, messages: ask("A random word?"), n: 3, max_tokens: 4 };
    const answer = await client.chat.completions.create(request);
    equal(answer.choices.map(({ index }) => index), [0, 1, 2]);
    const seen = new Set<number>();
    const finished = new Set<number>();
    for await (const { choices } of await client.chat.completions.create({ ...request, stream: true })) {
      for (const choice of choices) (choice.finish_reason ? finished : seen).add(choice.index);
    }
    equal([[...seen].sort(), [...finished].sort()], [[0, 1, 2], [0, 1, 2]]);
  },

  async "max_tokens ends with length, a stop string ends before it"(client, model) {
    const request = {
      model,
      messages: ask("Tell me about whales."),
      temperature: 0,
      max_completion_tokens: 4,
    };
    const short = await client.chat.completions.create(request);
    equal([short.choices[0].finish_reason, short.usage!.completion_tokens], ["length", 4]);
    const text = short.choices[0].message.content!;
    const stop = text.slice(Math.max(1, text.length >> 1)).trim().slice(0, 3);
    const stopped = await client.chat.completions.create({ ...request, stop: [stop] });
    equal(stopped.choices[0].message.content, text.slice(0, text.indexOf(stop)));
    equal(stopped.choices[0].finish_reason, "stop");
  },

  async "the same seed gives the same text"(client, model) {
    const request = { model, messages: ask("Invent a name."), seed: 42, temperature: 1, max_tokens: 8 };
    // One after the other: beside others a request lies at other places of the shared cache, and is rounded otherwise.
    const a = await client.chat.completions.create(request);
    const b = await client.chat.completions.create(request);
    equal(a.choices[0].message.content, b.choices[0].message.content);
  },

  async "logprobs name each token and its alternatives"(client, model) {
    const answer = await client.chat.completions.create({
      model,
      messages: ask("Say hello."),
      max_tokens: 5,
      logprobs: true,
      top_logprobs: 2,
    });
    const tokens = answer.choices[0].logprobs!.content!;
    equal(tokens.length, answer.usage!.completion_tokens);
    for (const { logprob, top_logprobs } of tokens) {
      ok(logprob <= 0);
      equal(top_logprobs.length, 2);
    }
    const bytes = new Uint8Array(tokens.flatMap((token) => token.bytes!));
    ok(new TextDecoder().decode(bytes).startsWith(answer.choices[0].message.content!));
  },

  async "response_format json_object gives JSON"(client, model) {
    const answer = await client.chat.completions.create({
      model,
      messages: ask("A JSON object with one short field."),
      response_format: { type: "json_object" },
      temperature: 0,
      max_tokens: 400,
    });
    const { message: { content }, finish_reason } = answer.choices[0];
    if (finish_reason === "stop") equal(typeof JSON.parse(content!), "object");
    ok(content!.trimStart().startsWith("{"));
  },

  async "response_format json_schema gives what the schema says"(client, model) {
    const answer = await client.chat.completions.create({
      model,
      messages: ask("Ada, 36 years old."),
      response_format: { type: "json_schema", json_schema: { name: "person", schema: person, strict: true } },
      max_tokens: 400,
      temperature: 0,
    });
    const value = JSON.parse(answer.choices[0].message.content!);
    equal(Object.keys(value).sort(), ["age", "name"]);
    equal([typeof value.name, Number.isInteger(value.age)], ["string", true]);
  },

  async "a required tool is called, whole and as deltas"(client, model) {
    const request = {
      model,
      messages: ask("What is the weather in Oslo?"),
      tools: [weather],
      tool_choice: "required" as const,
      parallel_tool_calls: false,
      temperature: 0,
      max_tokens: 300,
    };
    const answer = await client.chat.completions.create(request);
    equal(answer.choices[0].finish_reason, "tool_calls");
    const calls = answer.choices[0].message.tool_calls!;
    equal(calls.length, 1);
    const call = calls[0] as OpenAI.ChatCompletionMessageFunctionToolCall;
    equal([call.type, call.function.name], ["function", "get_weather"]);
    equal(typeof JSON.parse(call.function.arguments).city, "string");
    ok(call.id.length > 0);
    const streamed = await client.chat.completions.stream(request).finalChatCompletion();
    const again = streamed.choices[0].message.tool_calls![0] as OpenAI.ChatCompletionMessageFunctionToolCall;
    equal(again.function.name, "get_weather");
    equal(JSON.parse(again.function.arguments), JSON.parse(call.function.arguments));
  },

  async "a named tool is called, tool_choice none calls none"(client, model) {
    const time: OpenAI.ChatCompletionTool = { type: "function", function: { name: "get_time" } };
    const request = {
      model,
      messages: ask("Hello!"),
      tools: [weather, time],
      max_tokens: 300,
      temperature: 0,
    };
    const named = await client.chat.completions.create({
      ...request,
      tool_choice: { type: "function", function: { name: "get_weather" } },
    });
    const call = named.choices[0].message.tool_calls![0] as OpenAI.ChatCompletionMessageFunctionToolCall;
    equal(call.function.name, "get_weather");
    const none = await client.chat.completions.create({ ...request, tool_choice: "none", max_tokens: 8 });
    equal(none.choices[0].message.tool_calls, undefined);
  },

  async "a conversation may hold every role"(client, model) {
    const answer = await client.chat.completions.create({
      model,
      max_tokens: 4,
      tools: [weather],
      messages: [
        { role: "system", content: "Be short." },
        { role: "user", content: [{ type: "text", text: "Weather in Oslo?" }] },
        {
          role: "assistant",
          content: null,
          tool_calls: [{
            id: "call_1",
            type: "function",
            function: { name: "get_weather", arguments: '{"city":"Oslo"}' },
          }],
        },
        { role: "tool", tool_call_id: "call_1", content: '{"celsius":4}' },
        { role: "developer", content: "Answer in English." },
        { role: "user", content: "So?" },
      ],
    });
    equal(answer.object, "chat.completion");
  },

  async "llama.cpp's fields are taken"(client, model) {
    const extra = {
      top_k: 1,
      min_p: 0.05,
      typical_p: 1,
      repeat_penalty: 1.1,
      mirostat: 0,
      dry_multiplier: 0,
      xtc_probability: 0,
      cache_prompt: true,
      chat_template_kwargs: {},
    };
    const request = { model, messages: ask("Say hello."), max_tokens: 6, seed: 3 };
    const [a, b] = [
      await client.chat.completions.create({ ...request, ...extra }),
      await client.chat.completions.create({ ...request, ...extra, seed: 4 }),
    ];
    equal(a.choices[0].message.content, b.choices[0].message.content);
    const grammar = { grammar: 'root ::= "yes" | "no"' };
    const constrained = await client.chat.completions.create({ ...request, ...grammar });
    ok(["yes", "no"].includes(constrained.choices[0].message.content!));
  },

  async "logit_bias forbids and penalties are taken"(client, model) {
    const answer = await client.chat.completions.create({
      model,
      messages: ask("Say hello."),
      max_tokens: 4,
      logit_bias: { "11": -100 },
      presence_penalty: 0.5,
      frequency_penalty: -0.5,
      top_p: 0.9,
    });
    ok(answer.choices[0].message.content !== null);
  },

  async "completions take texts and tokens, echo and stream"(client, model) {
    const request = { model, prompt: "Whales are", max_tokens: 4, temperature: 0 };
    const answer = await client.completions.create({ ...request, logprobs: 1 });
    equal(answer.object, "text_completion");
    const logprobs = answer.choices[0].logprobs!;
    equal(logprobs.tokens!.length, logprobs.token_logprobs!.length);
    equal(logprobs.text_offset![0], 0);
    const echoed = await client.completions.create({ ...request, echo: true });
    equal(echoed.choices[0].text, request.prompt + answer.choices[0].text);
    let text = "";
    for await (const chunk of await client.completions.create({ ...request, stream: true })) {
      text += chunk.choices[0]?.text ?? "";
    }
    equal(text, answer.choices[0].text);
    const many = await client.completions.create({ ...request, prompt: ["One", "Two"], n: 2 });
    equal(many.choices.map(({ index }) => index), [0, 1, 2, 3]);
    equal((await client.completions.create({ ...request, prompt: [1, 2, 3] })).choices.length, 1);
  },

  async "embeddings are unit vectors in every form"(client, model) {
    const embed = (more: Partial<OpenAI.EmbeddingCreateParams>) =>
      client.embeddings.create({ model, input: "whale", ...more });
    const packed = (await embed({})).data[0].embedding; // the client asks for base64 by itself
    const plain = (await embed({ encoding_format: "float" })).data[0].embedding;
    equal(packed.length, plain.length);
    ok(packed.every((x, i) => Math.abs(x - plain[i]) < 1e-5));
    ok(Math.abs(Math.hypot(...plain) - 1) < 1e-4);
    const short = (await embed({ dimensions: 3 })).data[0].embedding;
    equal(short.length, 3);
    ok(Math.abs(Math.hypot(...short) - 1) < 1e-4);
    const several = await embed({ input: ["whale", "car"] });
    equal(several.data.map(({ index }) => index), [0, 1]);
    ok(several.usage.prompt_tokens > 0);
    equal((await embed({ input: [1, 2, 3] })).data.length, 1);
    equal((await embed({ input: [[1, 2], [3]] })).data.length, 2);
  },

  async "errors are the client's own classes"(client, model) {
    const chat = (more: object) => client.chat.completions.create({ model, messages: ask("x"), ...more });
    await rejects(
      chat({ model: "ai/does-not-exist" }),
      (error) =>
        error instanceof OpenAI.NotFoundError && error.code === "model_not_found" && error.param === "model",
    );
    await rejects(
      chat({ temperature: "hot" }),
      (error) =>
        error instanceof OpenAI.BadRequestError && error.param === "temperature" &&
        error.code === "invalid_type",
    );
    await rejects(chat({ messages: [] }), OpenAI.BadRequestError);
    await rejects(client.models.retrieve("ai/does-not-exist"), OpenAI.NotFoundError);
  },

  async "a stream that is left does not keep the model busy"(client, model) {
    const stream = await client.chat.completions.create({
      model,
      messages: ask("Count to a thousand."),
      stream: true,
    });
    for await (const _ of stream) break;
    const after = await client.chat.completions.create({ model, messages: ask("Say hello."), max_tokens: 2 });
    equal(after.choices.length, 1);
  },
};

export function openaiClientSuite(name: string, start: () => Promise<ClientTarget>): void {
  clientSuite(`openai client: ${name}`, start, runOpenaiClientChecks);
}

/** The same inside a test that has a target already. */
export async function runOpenaiClientChecks(t: Deno.TestContext, target: ClientTarget): Promise<void> {
  await runChecks(t, checks, openaiClient(target), target);
}

export function openaiClient({ baseURL }: ClientTarget): OpenAI {
  return new OpenAI({ baseURL, apiKey: "unused", maxRetries: 0, dangerouslyAllowBrowser: true });
}

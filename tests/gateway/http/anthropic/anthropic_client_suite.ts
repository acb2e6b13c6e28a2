/** What the official `@anthropic-ai/sdk` must be able to do, with any model. */
import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { type Checks, type ClientTarget, runChecks } from "../../../support/client_checks.ts";

const ask = (content: string): Anthropic.MessageParam[] => [{ role: "user", content }];

const weather: Anthropic.Tool = {
  name: "get_weather",
  description: "Current weather of a city",
  input_schema: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
};

/** The client no longer declares it; the API takes it. */
const greedy = { temperature: 0 };

/** What every model is sure of: a prompt that comes from the cache is rounded otherwise. */
const capital = { messages: ask("What is the capital of France?"), max_tokens: 8, temperature: 0 };

function textOf({ content }: Anthropic.Message): string {
  return content.map((block) => block.type === "text" ? block.text : "").join("");
}

function callIn({ content }: Anthropic.Message): Anthropic.ToolUseBlock {
  return content.find((block) => block.type === "tool_use")!;
}

const checks: Checks<Anthropic> = {
  async "a message has text, usage and a stop reason"(client, model) {
    const message = await client.messages.create({ model, messages: ask("Say hello."), max_tokens: 8 });
    ok(textOf(message).length > 0);
    ok(["end_turn", "max_tokens"].includes(message.stop_reason!));
    const { input_tokens, cache_read_input_tokens, output_tokens } = message.usage;
    ok(input_tokens + cache_read_input_tokens! > 0 && output_tokens > 0 && output_tokens <= 8);
    ok(message._request_id!.startsWith("req_"));
  },

  async "a stream gives the same message as a whole answer"(client, model) {
    const whole = await client.messages.create({ model, ...capital });
    const types: string[] = [];
    let text = "";
    for await (const event of await client.messages.create({ model, ...capital, stream: true })) {
      types.push(event.type);
      if (event.type === "content_block_delta" && event.delta.type === "text_delta") text += event.delta.text;
    }
    equal(types.slice(0, 2), ["message_start", "content_block_start"]);
    equal(types.slice(-3), ["content_block_stop", "message_delta", "message_stop"]);
    equal(text, textOf(whole));
    const helper = await client.messages.stream({ model, ...capital }).finalMessage();
    equal([textOf(helper), helper.stop_reason], [textOf(whole), whole.stop_reason]);
    equal(helper.usage.output_tokens, whole.usage.output_tokens);
  },

  async "max_tokens ends it, a stop sequence ends before it"(client, model) {
    const request = { model, messages: ask("Tell me about whales."), temperature: 0, max_tokens: 4 };
    const short = await client.messages.create(request);
    equal([short.stop_reason, short.usage.output_tokens], ["max_tokens", 4]);
    const text = textOf(short);
    const stop = text.slice(Math.max(1, text.length >> 1)).trim().slice(0, 3);
    const stopped = await client.messages.create({ ...request, stop_sequences: [stop] });
    equal(textOf(stopped), text.slice(0, text.indexOf(stop)));
    equal([stopped.stop_reason, stopped.stop_sequence], ["stop_sequence", stop]);
  },

  async "any tool is called, whole and as events, and its result goes on"(client, model) {
    const messages = ask("What is the weather in Oslo?");
    const request = {
      model,
      messages,
      tools: [weather],
      tool_choice: { type: "any" as const, disable_parallel_tool_use: true },
      temperature: 0,
      max_tokens: 300,
    };
    const message = await client.messages.create(request);
    equal(message.stop_reason, "tool_use");
    const call = callIn(message);
    equal([call.name, typeof (call.input as { city: unknown }).city], ["get_weather", "string"]);
    const streamed = await client.messages.stream(request).finalMessage();
    equal(callIn(streamed).input, call.input);
    for (const is_error of [false, true]) {
      const result = { type: "tool_result" as const, tool_use_id: call.id, content: "4 degrees", is_error };
      const next = await client.messages.create({
        ...request,
        tool_choice: { type: "none" },
        messages: [...messages, { role: "assistant", content: message.content }, {
          role: "user",
          content: [result, { type: "text", text: "So?" }],
        }],
        max_tokens: 8,
      });
      equal(next.content[0].type, "text");
    }
  },

  async "a named tool is called"(client, model) {
    const time: Anthropic.Tool = { name: "get_time", input_schema: { type: "object" } };
    const message = await client.messages.create({
      model,
      messages: ask("Hello!"),
      tools: [time, weather],
      tool_choice: { type: "tool", name: "get_weather" },
      max_tokens: 300,
      ...greedy,
    });
    equal(callIn(message).name, "get_weather");
  },

  async "output_config gives what the schema says"(client, model) {
    const schema = {
      type: "object",
      properties: { name: { type: "string" }, age: { type: "integer" } },
      required: ["name", "age"],
      additionalProperties: false,
    };
    const message = await client.messages.create({
      model,
      messages: ask("Ada, 36 years old."),
      output_config: { format: { type: "json_schema", schema } },
      max_tokens: 400,
      ...greedy,
    });
    const value = JSON.parse(textOf(message));
    equal([typeof value.name, Number.isInteger(value.age)], ["string", true]);
  },

  async "a conversation may hold every block, and be continued in its last words"(client, model) {
    const message = await client.messages.create({
      model,
      max_tokens: 4,
      system: [{ type: "text", text: "Be short.", cache_control: { type: "ephemeral" } }],
      tools: [weather, { type: "web_search_20250305", name: "web_search" }],
      metadata: { user_id: "somebody" },
      thinking: { type: "enabled", budget_tokens: 1024 },
      messages: [
        { role: "user", content: [{ type: "text", text: "Weather in Oslo?" }] },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "Ask the tool.", signature: "x" },
            { type: "tool_use", id: "toolu_1", name: "get_weather", input: { city: "Oslo" } },
          ],
        },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "toolu_1", content: [{ type: "text", text: "4" }] },
            { type: "document", source: { type: "text", media_type: "text/plain", data: "It is winter." } },
          ],
        },
        { role: "assistant", content: "It is cold." },
        { role: "user", content: "So?" },
      ],
    });
    equal([message.type, message.role], ["message", "assistant"]);
    const continued = await client.messages.create({
      model,
      max_tokens: 4,
      messages: [...ask("Name a colour."), { role: "assistant", content: "The colour is" }],
    });
    equal(continued.content.length, 1);
  },

  async "tokens are counted as they are used"(client, model) {
    const { max_tokens: _, temperature: __, ...prompt } = capital;
    const { input_tokens } = await client.messages.countTokens({ model, ...prompt, system: "Be short." });
    ok(input_tokens > 0);
  },

  async "models are listed and retrieved"(client, model) {
    const ids: string[] = [];
    for await (const { id } of client.models.list({ limit: 1 })) ids.push(id);
    const one = await client.models.retrieve(model);
    ok(ids.includes(one.id));
    ok(!Number.isNaN(Date.parse(one.created_at)));
  },

  async "errors are the client's own classes"(client, model) {
    const create = (more: object) => client.messages.create({ model, ...capital, ...more });
    await rejects(
      create({ model: "ai/does-not-exist" }),
      (error) => error instanceof Anthropic.NotFoundError && error.type === "not_found_error",
    );
    await rejects(
      create({ temperature: "hot" }),
      (error) => error instanceof Anthropic.BadRequestError && /temperature: /.test(error.message),
    );
    await rejects(create({ messages: [] }), Anthropic.BadRequestError);
    await rejects(client.models.retrieve("ai/does-not-exist"), Anthropic.NotFoundError);
  },

  async "a stream that is left does not keep the model busy"(client, model) {
    const stream = await client.messages.create({
      model,
      messages: ask("Count to a thousand."),
      max_tokens: 4000,
      stream: true,
    });
    for await (const event of stream) if (event.type === "content_block_delta") break;
    const after = await client.messages.create({ model, messages: ask("Say hello."), max_tokens: 2 });
    equal(after.content.length, 1);
  },
};

export async function runAnthropicClientChecks(t: Deno.TestContext, target: ClientTarget): Promise<void> {
  await runChecks(t, checks, anthropicClient(target), target);
}

export function anthropicClient({ baseURL }: ClientTarget): Anthropic {
  return new Anthropic({ baseURL, apiKey: "unused", maxRetries: 0, dangerouslyAllowBrowser: true });
}

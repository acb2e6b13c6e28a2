/** What the official `openai` client's Responses API must be able to do, with any model. */
import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import OpenAI from "openai";
import { type Checks, type ClientTarget, runChecks } from "../../../support/client_checks.ts";
import { openaiClient } from "../openai_client_suite.ts";

const weather = {
  type: "function" as const,
  name: "get_weather",
  description: "Current weather of a city",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
  strict: true,
};

const person = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"],
  additionalProperties: false,
};

/** What every model is sure of: a prompt that comes from the cache is rounded otherwise. */
const capital = { input: "What is the capital of France?", max_output_tokens: 8, temperature: 0 };

const checks: Checks<OpenAI> = {
  async "a response has text, usage and a status"(client, model) {
    const response = await client.responses.create({ model, input: "Say hello.", max_output_tokens: 8 });
    ok(response.output_text.length > 0);
    ok(["completed", "incomplete"].includes(response.status!));
    const { input_tokens, output_tokens, total_tokens } = response.usage!;
    ok(input_tokens > 0 && output_tokens > 0 && output_tokens <= 8);
    equal(total_tokens, input_tokens + output_tokens);
  },

  async "a stream gives the same response as a whole answer"(client, model) {
    const whole = await client.responses.create({ model, ...capital });
    let text = "";
    const types: string[] = [];
    let last: OpenAI.Responses.Response | undefined;
    for await (const event of await client.responses.create({ model, ...capital, stream: true })) {
      types.push(event.type);
      if (event.type === "response.output_text.delta") text += event.delta;
      if (event.type === "response.completed" || event.type === "response.incomplete") last = event.response;
    }
    equal(types.slice(0, 4), [
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
    ]);
    equal(types.slice(-4), [
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      `response.${whole.status}`,
    ]);
    equal([text, last?.usage?.output_tokens], [whole.output_text, whole.usage!.output_tokens]);
    const helper = await client.responses.stream({ model, ...capital }).finalResponse();
    equal(helper.output_text, whole.output_text);
  },

  async "the token limit leaves it incomplete"(client, model) {
    const { status, incomplete_details, usage } = await client.responses.create({
      model,
      input: "Tell me about whales.",
      temperature: 0,
      max_output_tokens: 4,
    });
    equal([status, incomplete_details, usage!.output_tokens], [
      "incomplete",
      { reason: "max_output_tokens" },
      4,
    ]);
  },

  async "a response is continued, read, listed and deleted"(client, model) {
    const first = await client.responses.create({ model, ...capital, instructions: "Be short." });
    const second = await client.responses.create({
      model,
      input: "And one more?",
      previous_response_id: first.id,
      max_output_tokens: 4,
    });
    ok(second.usage!.input_tokens >= first.usage!.input_tokens);
    equal((await client.responses.retrieve(first.id)).output_text, first.output_text);
    const items: OpenAI.Responses.ResponseItem[] = [];
    for await (const item of client.responses.inputItems.list(second.id, { order: "asc", limit: 2 })) {
      items.push(item);
    }
    equal(items.map((item) => (item as { role: string }).role), ["user", "assistant", "user"]);
    await client.responses.delete(first.id);
    await rejects(client.responses.retrieve(first.id), OpenAI.NotFoundError);
  },

  async "a background response is asked for later"(client, model) {
    let response = await client.responses.create({ model, ...capital, background: true });
    ok(["queued", "in_progress"].includes(response.status!));
    while (["queued", "in_progress"].includes(response.status!)) {
      response = await client.responses.retrieve(response.id);
    }
    ok(response.output_text.length > 0);
    const long = await client.responses.create({ model, input: "Count to a thousand.", background: true });
    ok(["cancelled", "completed"].includes((await client.responses.cancel(long.id)).status!));
  },

  async "a required tool is called, whole and as events, and its result goes on"(client, model) {
    const input: OpenAI.Responses.ResponseInput = [{ role: "user", content: "What is the weather in Oslo?" }];
    const request = {
      model,
      tools: [weather],
      tool_choice: "required" as const,
      parallel_tool_calls: false,
      temperature: 0,
      max_output_tokens: 300,
    };
    const response = await client.responses.create({ ...request, input });
    const call = response.output.find((item) => item.type === "function_call")!;
    equal([call.name, typeof JSON.parse(call.arguments).city], ["get_weather", "string"]);
    const streamed = await client.responses.stream({ ...request, input }).finalResponse();
    const again = streamed.output.find((item) => item.type === "function_call")!;
    equal(JSON.parse(again.arguments), JSON.parse(call.arguments));
    const result = { type: "function_call_output" as const, call_id: call.call_id, output: '{"celsius":4}' };
    const next = await client.responses.create({
      ...request,
      tool_choice: "none",
      input: [...input, ...response.output, result] as OpenAI.Responses.ResponseInput,
      max_output_tokens: 8,
    });
    equal(next.output[0].type, "message");
    const chained = await client.responses.create({
      ...request,
      tool_choice: "none",
      previous_response_id: response.id,
      input: [result],
      max_output_tokens: 8,
    });
    equal(chained.output[0].type, "message");
  },

  async "named, allowed and custom tools are called"(client, model) {
    const request = { model, input: "Hello!", max_output_tokens: 300, temperature: 0 };
    const time = { type: "function" as const, name: "get_time", parameters: null, strict: false };
    const named = await client.responses.create({
      ...request,
      tools: [weather, time],
      tool_choice: { type: "function", name: "get_weather" },
    });
    ok(named.output.some((item) => item.type === "function_call" && item.name === "get_weather"));
    const allowed = await client.responses.create({
      ...request,
      tools: [time, weather],
      tool_choice: {
        type: "allowed_tools",
        mode: "required",
        tools: [{ type: "function", name: "get_weather" }],
      },
    });
    ok(allowed.output.some((item) => item.type === "function_call" && item.name === "get_weather"));
    const custom = await client.responses.create({
      ...request,
      tools: [{
        type: "custom",
        name: "say",
        description: "Says it",
        format: { type: "grammar", syntax: "regex", definition: "[a-z ]{1,20}" },
      }],
      tool_choice: { type: "custom", name: "say" },
      parallel_tool_calls: false,
    });
    const call = custom.output.find((item) => item.type === "custom_tool_call")!;
    equal([call.name, typeof call.input], ["say", "string"]);
  },

  async "a tool is called whatever its schema says"(client, model) {
    const parameters = {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: {
        city: { type: "string", not: { const: "" }, pattern: "^(?!x)" },
        unit: { oneOf: [{ type: "string" }, { type: "string", enum: ["C", "F"] }] },
      },
      required: ["city"],
      if: { required: ["unit"] },
      then: { required: ["city"] },
      propertyNames: { minLength: 1 },
      additionalProperties: false,
    };
    const response = await client.responses.create({
      model,
      input: "What is the weather in Oslo?",
      tools: [{ type: "function", name: "get_weather", parameters, strict: false }],
      tool_choice: "required",
      parallel_tool_calls: false,
      temperature: 0,
      max_output_tokens: 400,
    });
    const call = response.output.find((item) => item.type === "function_call")!;
    equal(typeof JSON.parse(call.arguments).city, "string");
  },

  async "text.format gives what the schema says"(client, model) {
    const response = await client.responses.create({
      model,
      input: "Ada, 36 years old.",
      text: { format: { type: "json_schema", name: "person", schema: person, strict: true } },
      max_output_tokens: 400,
      temperature: 0,
    });
    const value = JSON.parse(response.output_text);
    equal([typeof value.name, Number.isInteger(value.age)], ["string", true]);
  },

  async "a conversation may hold every item"(client, model) {
    const response = await client.responses.create({
      model,
      max_output_tokens: 4,
      instructions: "Be short.",
      tools: [weather],
      reasoning: { effort: "low", summary: "auto" },
      include: ["reasoning.encrypted_content"],
      store: false,
      truncation: "auto",
      metadata: { run: "1" },
      input: [
        { role: "developer", content: "Answer in English." },
        { role: "user", content: [{ type: "input_text", text: "Weather in Oslo?" }] },
        { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Ask the tool." }] },
        { type: "function_call", call_id: "call_1", name: "get_weather", arguments: '{"city":"Oslo"}' },
        { type: "function_call_output", call_id: "call_1", output: '{"celsius":4}' },
        { type: "message", role: "assistant", content: "It is 4 degrees." },
        { role: "system", content: "Today is Monday." },
        { role: "user", content: "So?" },
      ],
    });
    equal([response.object, response.metadata], ["response", { run: "1" }]);
  },

  async "logprobs name each token"(client, model) {
    const response = await client.responses.create({
      model,
      input: "Say hello.",
      max_output_tokens: 4,
      top_logprobs: 2,
      include: ["message.output_text.logprobs"],
    });
    const [part] = (response.output[0] as OpenAI.Responses.ResponseOutputMessage).content;
    const { logprobs } = part as OpenAI.Responses.ResponseOutputText;
    equal(logprobs!.length, response.usage!.output_tokens);
    ok(logprobs!.every(({ top_logprobs }) => top_logprobs.length === 2));
  },

  async "errors are the client's own classes"(client, model) {
    const create = (more: object) => client.responses.create({ model, input: "x", ...more });
    await rejects(
      create({ model: "ai/does-not-exist" }),
      (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found",
    );
    await rejects(
      create({ temperature: "hot" }),
      (error) => error instanceof OpenAI.BadRequestError && error.param === "temperature",
    );
    await rejects(create({ previous_response_id: "resp_none" }), OpenAI.BadRequestError);
  },

  async "a stream that is left does not keep the model busy"(client, model) {
    const stream = await client.responses.create({ model, input: "Count to a thousand.", stream: true });
    for await (const event of stream) if (event.type === "response.output_text.delta") break;
    const after = await client.responses.create({ model, input: "Say hello.", max_output_tokens: 2 });
    equal(after.output.length, 1);
  },
};

export async function runResponsesClientChecks(t: Deno.TestContext, target: ClientTarget): Promise<void> {
  await runChecks(t, checks, openaiClient(target), target);
}

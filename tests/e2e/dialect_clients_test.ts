/** The Responses and Messages dialects of the executable with a real model: their clients, and their agents. */
import { match, ok, rejects, strictEqual } from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import type OpenAI from "openai";
import {
  anthropicClient,
  runAnthropicClientChecks,
} from "../gateway/http/anthropic/anthropic_client_suite.ts";
import { openaiClient } from "../gateway/http/openai_client_suite.ts";
import { runResponsesClientChecks } from "../gateway/http/responses/responses_client_suite.ts";
import {
  type AgentAnswer,
  claudeBinary,
  codexBinary,
  runClaude,
  runCodex,
  smallClaude,
  smallCodex,
  withDesk,
} from "../support/coding_agents.ts";
import { homeTest, processes } from "../support/executable.ts";
import { smollm2 } from "../support/models.ts";

const model = "me/smollm2";

homeTest("the clients of the dialects on smollm2", async (home, t) => {
  await home.ok(["model", "package", "--gguf", await smollm2(), model]);
  const url = `http://127.0.0.1:${home.port}`;
  const target = (baseURL: string) => ({ baseURL, model, close() {} });
  await t.step("openai's responses", (t) => runResponsesClientChecks(t, target(`${url}/engines/v1`)));
  await t.step("anthropic's messages", (t) => runAnthropicClientChecks(t, target(`${url}/anthropic`)));

  const killRunner = async () => Deno.kill((await processes(home, "runner"))[0], "SIGKILL");
  await t.step("a killed runner ends a response as failed, and the next one is answered", async () => {
    const client = openaiClient(target(`${url}/v1`));
    const request = { model, input: "Count to a thousand.", stream: true as const };
    let last: OpenAI.Responses.ResponseStreamEvent | undefined;
    for await (const event of await client.responses.create(request)) {
      if (event.type === "response.output_text.delta" && last?.type !== event.type) await killRunner();
      last = event;
    }
    strictEqual(last?.type, "response.failed");
    const { output_text } = await client.responses.create({ model, input: "Hi.", max_output_tokens: 4 });
    ok(output_text.length > 0);
  });
  await t.step("a killed runner ends a message with an error, and the next one is answered", async () => {
    const client = anthropicClient(target(url));
    const messages = [{ role: "user" as const, content: "Count to a thousand." }];
    const stream = client.messages.stream({ model, messages, max_tokens: 4000 });
    stream.once("text", killRunner);
    await rejects(stream.done(), (error) => {
      match((error as Error).message, /api_error/);
      return error instanceof Anthropic.APIError;
    });
    strictEqual((await client.messages.create({ model, messages, max_tokens: 4 })).role, "assistant");
  });
});

homeTest("the real codex and claude are answered by smollm2", async (home, t) => {
  await claudeBinary();
  await codexBinary();
  await home.ok(["model", "package", "--gguf", await smollm2(), model]);
  const url = `http://127.0.0.1:${home.port}`;
  const system = "You answer in one short sentence.";
  const prompt = "What is the capital of France?";
  // Some turns of this model have no end; codex then says that the limit was reached.
  await home.ok(["model", "configure", model, "--", "--n-predict", "64", "--temp", "0"]);
  const answered = ({ code, stdout, stderr }: AgentAnswer) => {
    if (code !== 0) match(stderr, /max_output_tokens/);
    else ok(stdout.trim().length > 0, stderr);
  };
  await t.step("codex exec", () =>
    withDesk(async (desk) => {
      const instructions = `${desk.home}/instructions.md`;
      await Deno.writeTextFile(instructions, system);
      const task = { baseURL: `${url}/v1`, model, prompt, flags: smallCodex(instructions) };
      answered(await runCodex(desk, task));
    }));
  await t.step("claude -p", () =>
    withDesk(async (desk) => {
      const task = { baseURL: `${url}/anthropic`, model, prompt, flags: smallClaude(system) };
      answered(await runClaude(desk, task));
    }));
});

/** The official clients of the Responses and Messages dialects on a real model. */
import { match, rejects } from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { smollm2 } from "../../support/models.ts";
import { realTest } from "../../support/parts.ts";
import { withRealService } from "../../support/real_service.ts";
import { anthropicClient, runAnthropicClientChecks } from "./anthropic/anthropic_client_suite.ts";
import { openaiClient } from "./openai_client_suite.ts";
import { runResponsesClientChecks } from "./responses/responses_client_suite.ts";

const model = "me/smollm2";
const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const target = (baseURL: string) => ({ baseURL, model, close() {} });

realTest("the dialects' clients on SmolLM2", smollm2, async (path, t) => {
  await withRealService(path, model, async (url) => {
    await t.step("openai's responses", (t) => runResponsesClientChecks(t, target(`${url}/v1`)));
    await t.step("anthropic's messages", (t) => runAnthropicClientChecks(t, target(`${url}/anthropic`)));
    await t.step("images and long prompts are refused in each dialect's form", async () => {
      const openai = openaiClient(target(`${url}/v1`));
      const anthropic = anthropicClient(target(url));
      const long = "whale ".repeat(20000);
      await rejects(
        openai.responses.create({
          model,
          input: [{
            role: "user",
            content: [{ type: "input_image", image_url: `data:image/png;base64,${png}`, detail: "auto" }],
          }],
        }),
        (error) => error instanceof OpenAI.BadRequestError && /image/.test(error.message),
      );
      await rejects(
        openai.responses.create({ model, input: long, stream: true }),
        (error) => error instanceof OpenAI.BadRequestError && error.code === "context_length_exceeded",
      );
      const create = (content: Anthropic.ContentBlockParam[]) =>
        anthropic.messages.create({
          model,
          max_tokens: 8,
          messages: [{ role: "user", content }],
          stream: true,
        });
      const source = { type: "base64" as const, media_type: "image/png" as const, data: png };
      await rejects(create([{ type: "image", source }]), (error) => {
        match((error as Error).message, /image/);
        return error instanceof Anthropic.BadRequestError;
      });
      await rejects(create([{ type: "text", text: long }]), Anthropic.BadRequestError);
    });
  });
});

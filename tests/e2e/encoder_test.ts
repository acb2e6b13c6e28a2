/** An encoder (BERT, WordPiece) through the official client: it embeds, and says that it cannot chat. */
import { ok, rejects, strictEqual } from "node:assert/strict";
import OpenAI from "openai";
import { homeTest } from "../support/executable.ts";
import { tinyEncoder, tinyEncoderDimensions } from "../support/tiny_encoder.ts";

homeTest("an encoder embeds texts and refuses to chat", async (home) => {
  await home.ok(["model", "package", "--gguf", await tinyEncoder(), "me/encoder"]);
  const client = new OpenAI({ baseURL: `http://127.0.0.1:${home.port}/v1`, apiKey: "unused", maxRetries: 0 });
  const input = ["whale", "a whale", "whale", "x ".repeat(60)];
  const { data } = await client.embeddings.create({ model: "me/encoder", input, encoding_format: "float" });
  const vectors = data.map(({ embedding }) => embedding);
  for (const vector of vectors) {
    strictEqual(vector.length, tinyEncoderDimensions);
    ok(Math.abs(dot(vector, vector) - 1) < 1e-4);
  }
  ok(dot(vectors[0], vectors[2]) > 0.9999, "the same text has the same vector");
  ok(dot(vectors[0], vectors[1]) < 0.9999, "another text has another");
  await rejects(client.embeddings.create({ model: "me/encoder", input: "x ".repeat(500) }), { status: 400 });
  const messages = [{ role: "user" as const, content: "Hello" }];
  await rejects(client.chat.completions.create({ model: "me/encoder", messages }), (error) => {
    ok(error instanceof OpenAI.APIError && error.status! >= 400 && error.status! < 500, String(error));
    return true;
  });
});

function dot(a: number[], b: number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

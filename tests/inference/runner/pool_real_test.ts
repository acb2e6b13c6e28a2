/** The pool with real runners: SmolLM2 through llama.cpp, from a chat request to text. */
import { deepStrictEqual as equal, ok, rejects } from "node:assert";
import type { GenerationEvent, GenerationRequest } from "../../../inference/chat/request.ts";
import { RunnerPool } from "../../../inference/runner/pool.ts";
import type { StoredModel } from "../../../inference/store/model.ts";
import { smollm2 } from "../../support/models.ts";
import { realTest } from "../../support/parts.ts";

const config = {
  format: "gguf" as const,
  quantization: "Q4_1",
  parameters: "134.52M",
  architecture: "llama",
  size: "93.8MiB",
  context_size: 8192,
};
const model: StoredModel = {
  id: "sha256:1",
  tags: ["ai/smollm2"],
  created: 0,
  config,
  layers: [],
  size: 98e6,
};

async function withPool(path: string, test: (pool: RunnerPool) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "skiff-pool" });
  const pool = new RunnerPool({
    files: () => Promise.resolve({ weights: [path], adapters: [] }),
    settingsPath: `${folder}/models.json`,
  });
  try {
    await test(pool);
  } finally {
    await pool.close({ force: true });
    await Deno.remove(folder, { recursive: true });
  }
}

function chat(content: string, options: Partial<GenerationRequest> = {}): GenerationRequest {
  const messages = [{ role: "user" as const, content }];
  return {
    prompt: { kind: "chat", chat: { messages } },
    sampling: { temperature: 0 },
    maxTokens: 24,
    ...options,
  };
}

async function collect(events: AsyncIterable<GenerationEvent>) {
  const all = await Array.fromAsync(events);
  const text = all.map((event) => event.type === "delta" ? event.text ?? "" : "").join("");
  const usage = all.find((event) => event.type === "usage")!.usage;
  const end = all.find((event) => event.type === "end")!;
  return { text, usage, finishReason: end.finishReason };
}

realTest("RunnerPool answers with a real model, alone and beside others", smollm2, async (path, t) => {
  await withPool(path, async (pool) => {
    const question = "What is the capital of France?";
    const first = await collect(pool.generate(model, chat(question)));
    ok(first.text.length > 20, first.text);

    await t.step("the same question gives the same text, from the cache", async () => {
      const again = await collect(pool.generate(model, chat(question)));
      equal(again.text, first.text);
      equal(again.usage.cachedTokens, again.usage.promptTokens);
    });

    await t.step("the same seed gives the same text", async () => {
      const request = chat("Tell me a story.", { sampling: { temperature: 1, seed: 7 } });
      const [one, two] = [
        await collect(pool.generate(model, request)),
        await collect(pool.generate(model, request)),
      ];
      equal(one.text, two.text);
    });

    await t.step("the next turn pays for its new tokens only", async () => {
      const request = chat(question);
      request.prompt = {
        kind: "chat",
        chat: {
          messages: [
            { role: "user", content: question },
            { role: "assistant", content: first.text },
            { role: "user", content: "And of Italy?" },
          ],
        },
      };
      const { usage } = await collect(pool.generate(model, request));
      ok(usage.cachedTokens >= first.usage.promptTokens, `${usage.cachedTokens} of ${usage.promptTokens}`);
    });

    await t.step("concurrent requests do not mix", async () => {
      const rows = [["1, 2, 3, 4, 5,", "6, 7"], ["Monday, Tuesday, Wednesday,", "Thursday"], [
        "a, b, c, d,",
        "e, f",
      ]];
      const answers = await Promise.all(rows.map(([text]) => {
        const prompt = { kind: "text" as const, text };
        return collect(pool.generate(model, { prompt, sampling: { temperature: 0 }, maxTokens: 12 }));
      }));
      rows.forEach(([text, next], i) => ok(answers[i].text.includes(next), `${text}: ${answers[i].text}`));
    });

    await t.step("a schema holds", async () => {
      const schema = {
        type: "object",
        properties: {
          city: { type: "string", maxLength: 20 },
          population: { type: "integer", maximum: 99999999 },
        },
        required: ["city", "population"],
        additionalProperties: false,
      };
      const request = chat("Describe Paris as JSON.", { maxTokens: 100 });
      if (request.prompt.kind === "chat") request.prompt.chat.constraint = { kind: "json_schema", schema };
      const { text, finishReason } = await collect(pool.generate(model, request));
      equal(Object.keys(JSON.parse(text)), ["city", "population"]);
      equal(finishReason, "stop");
    });

    await t.step("a prompt that is too long is refused with its numbers", async () => {
      await rejects(() => collect(pool.generate(model, chat("word ".repeat(9000)))), (error) => {
        const { code, details } = error as { code: string; details: Record<string, number> };
        return code === "context_overflow" && details.n_ctx === 8192 && details.n_prompt_tokens > 9000;
      });
    });

    await t.step("embeddings come from a runner of their own", async () => {
      const { vectors, promptTokens } = await pool.embed(model, ["a cat", "a dog"]);
      equal(vectors.map(({ length }) => length), [576, 576]);
      ok(vectors.every((vector) => vector.every(Number.isFinite)) && promptTokens > 3);
    });
  });
});

realTest("RunnerPool says that a truncated model is damaged", smollm2, async (path) => {
  const damaged = await Deno.makeTempFile({ suffix: ".gguf" });
  await Deno.writeFile(damaged, (await Deno.readFile(path)).subarray(0, 20_000_000));
  try {
    await withPool(damaged, async (pool) => {
      await rejects(() => collect(pool.generate(model, chat("Hello"))), { code: "corrupt" });
    });
  } finally {
    await Deno.remove(damaged);
  }
});

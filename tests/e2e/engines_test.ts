/** Other engines than llama.cpp, in the executable: ONNX models, and WebGPU on Mesa's software adapter. */
import { match, ok, strictEqual } from "node:assert/strict";
import OpenAI from "openai";
import { tinyRerankerOnnx } from "../support/encoder_onnx.ts";
import { homeTest } from "../support/executable.ts";
import { provideAdapter } from "../support/gpu.ts";
import { llamaOnnx } from "../support/llama_onnx.ts";
import { miniLm } from "../support/minilm.ts";
import { tinyReranker } from "../support/tiny_encoder.ts";
import { tinyModel } from "../support/tiny_model.ts";

homeTest("MiniLM as ONNX embeds through the OpenAI API: like meanings are near each other", async (home) => {
  match(
    await home.ok(["model", "package", "--onnx", await miniLm(), "me/minilm"]),
    /^Packaged .* as me\/minilm/,
  );
  match(await home.ok(["model", "ls"]), /me\/minilm +22\.\d\dM +q8 +bert /);
  const client = new OpenAI({ baseURL: `http://127.0.0.1:${home.port}/v1`, apiKey: "unused", maxRetries: 0 });
  const input = [
    "A whale swims in the sea.",
    "Marine mammals live in the ocean.",
    "The invoice is due in May.",
  ];
  const { data: answer, response } = await client.embeddings.create({ model: "me/minilm", input })
    .withResponse();
  const [whale, sea, invoice] = answer.data.map(({ embedding }) => embedding);
  strictEqual(whale.length, 384);
  ok(Math.abs(dot(whale, whale) - 1) < 1e-4);
  ok(dot(whale, sea) > dot(whale, invoice) + 0.3, `${dot(whale, sea)} and ${dot(whale, invoice)}`);
  strictEqual(response.headers.get("skiff-engine"), "onnx");
  match(
    response.headers.get("skiff-device")!,
    /^onnxruntime [\d.]+, WASM, \d+ threads?; onnxruntime runs ONNX models/,
  );
  const shown = JSON.parse(await home.ok(["model", "inspect", "me/minilm"]));
  strictEqual(shown.config.format, "onnx");
  strictEqual(shown.running[0].engine, "onnx");
  match(await home.ok(["model", "ps"]), /me\/minilm +onnx +embedding .*WASM/);
  match(await home.ok(["model", "status"]), /\nonnx +Running +onnxruntime/);
});

homeTest("a cross-encoder scores documents, as ONNX and as GGUF; what is none says so", async (home) => {
  await home.ok(["model", "package", "--onnx", await tinyRerankerOnnx(), "me/onnx"]);
  await home.ok(["model", "package", "--gguf", await tinyReranker(), "me/gguf"]);
  await home.ok(["model", "package", "--gguf", await tinyModel(), "me/writer"]);
  const rerank = async (model: string) => {
    const documents = ["rust", "a whale is a mammal"];
    const body = JSON.stringify({ model, query: "what is a whale", documents, top_n: 1 });
    const response = await fetch(`http://127.0.0.1:${home.port}/v1/rerank`, { method: "POST", body });
    return { status: response.status, body: await response.json() };
  };
  for (const model of ["me/onnx", "me/gguf"]) {
    const { status, body: { results, usage } } = await rerank(model);
    strictEqual(status, 200);
    strictEqual(results.length, 1);
    ok(Number.isFinite(results[0].relevance_score) && usage.total_tokens > 20);
  }
  const { status, body } = await rerank("me/writer");
  ok(status >= 400 && status < 500);
  match(body.error.message, /no reranker/);
});

homeTest("a decoder as ONNX writes, under a grammar too", async (home) => {
  const base = `http://127.0.0.1:${home.port}`;
  const folder = await llamaOnnx("tiny-llama", await tinyModel());
  const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: "unused", maxRetries: 0 });
  await home.ok(["model", "package", "--onnx", folder, "me/tiny"]);
  const schema = { type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"] };
  const { choices } = await client.chat.completions.create({
    model: "me/tiny",
    messages: [{ role: "user", content: "Hello" }],
    max_tokens: 60,
    seed: 1,
    response_format: {
      type: "json_schema",
      json_schema: { name: "x", schema: { ...schema, additionalProperties: false } },
    },
  });
  strictEqual(typeof JSON.parse(choices[0].message.content!).ok, "boolean");
  const refused = await home.skiff(["model", "run", "me/tiny", "--engine", "llama", "Hello"]);
  match(refused.stderr, /The engine "llama" cannot run ONNX models/);
});

homeTest("SmolLM2 answers on WebGPU when it is asked for, and says what computes", async (home) => {
  await provideAdapter();
  const question = "What is the capital of France? Answer with one word.";
  const env = { XDG_RUNTIME_DIR: `${home.folder}` };
  ok((await home.ok(["model", "run", "smollm2", "--engine", "webgpu", question], { env })).trim().length > 0);
  match(await home.ok(["model", "status"], { env }), /\nwebgpu +Running +WebGPU, .+ \(it was asked for/);
  match(await home.ok(["model", "ps"], { env }), /smollm2 +webgpu +completion /);
  match(await home.ok(["model", "show", "smollm2"], { env }), /\nEngine: +webgpu: WebGPU, /);
  // an encoder is none of its architectures
  const report = JSON.parse(
    await home.ok(["system", "gpu", "--format", "json", "--skip-bandwidth"], { env }),
  );
  ok(report.adapters.length > 0 && report.engines.gguf.reason.length > 0);
});

function dot(a: number[], b: number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

/** Every architecture against llama.cpp, on tiny models with random weights: prompts, chunks, steps, mixes of all. */
import type { Engine } from "../../../../inference/engines/engine.ts";
import { realTest } from "../../../support/parts.ts";
import { tinyArchitecture, tinyArchitectures } from "../../../support/tiny_architectures.ts";
import { batchOf } from "../engine_suite.ts";
import { assertNmse } from "./kernels/nmse.ts";
import { type ModelPair, pairParts, rowsOf, textBatch, withPair } from "./model_pair.ts";

/** What llama.cpp computes GELU with is a table of f16 values; the rest is F32 on both sides. */
const limit = 1e-5;

/** Longer than the windows of the tiny models and than a page of the cache. */
const text = Array.from({ length: 90 }, (_, i) => (i * i * 7 + 11 * i + 3) % 300);
const other = Array.from({ length: 70 }, (_, i) => (i * i * 3 + 5 * i + 8) % 300);

for (const name of tinyArchitectures) {
  realTest(
    `${name}: logits are those of llama.cpp`,
    () => pairParts(tinyArchitecture(name)),
    (path, t) => withPair(path, { cacheType: "f32", microBatchTokens: 64 }, (pair) => compareAll(pair, t)),
  );
}

async function compareAll({ webgpu, llama }: ModelPair, t: Deno.TestContext): Promise<void> {
  const expected = await rowsOf(llama, textBatch(text));
  llama.freeSequence(0);
  const expectedOther = await rowsOf(llama, textBatch(other));
  const same = (actual: Float32Array[], rows: Float32Array[], what: string) =>
    actual.forEach((row, i) => assertNmse(row, rows[i], limit, `${what}, row ${i}`));

  await t.step("of a prompt, in one batch and in chunks", async () => {
    same(await rowsOf(webgpu, textBatch(text)), expected, "one batch");
    const chunks: Float32Array[] = [];
    for (let first = 0; first < text.length; first += 37) {
      chunks.push(...await rowsOf(webgpu, textBatch(text.slice(first, first + 37), 1, first)));
    }
    same(chunks, expected, "chunks");
  });

  await t.step("of single tokens after a prompt", async () => {
    await webgpu.decode(textBatch(other.slice(0, 50), 2));
    const steps: Float32Array[] = [];
    for (let i = 50; i < other.length; i++) steps.push(...await rowsOf(webgpu, textBatch([other[i]], 2, i)));
    same(steps, expectedOther.slice(50), "steps");
  });

  await t.step("of a batch that mixes single tokens, a prompt and a chunk of another", async () => {
    webgpu.truncateSequence(0, 60);
    webgpu.truncateSequence(1, 30);
    webgpu.truncateSequence(2, 40);
    const rows = await rowsOf(webgpu, mixedBatch());
    same(rows.slice(0, 1), [expected[60]], "a single token");
    same(rows.slice(1, 2), [expectedOther[40]], "another single token");
    same(rows.slice(2, 14), expected.slice(30, 42), "a chunk");
    same(rows.slice(14), expectedOther.slice(0, 33), "a new prompt");
  });
}

function mixedBatch() {
  const row = (tokens: number[], position: number, sequence: number) =>
    [tokens[position], position, sequence, 1] as [number, number, number, 1];
  return batchOf([
    row(text, 60, 0),
    row(other, 40, 2),
    ...Array.from({ length: 12 }, (_, i) => row(text, 30 + i, 1)),
    ...Array.from({ length: 33 }, (_, i) => row(other, i, 3)),
  ]);
}

/** Invariances: what must not depend on how tokens come together. */
async function invariances(webgpu: Engine): Promise<void> {
  const single = (await rowsOf(webgpu, textBatch(text))).map((row) => row);
  const batch = batchOf(
    [0, 1, 2].flatMap((sequence) =>
      text.slice(0, 40).map((token, i) => [token, i, sequence + 1, 1] as [number, number, number, 1])
    ),
  );
  const rows = await rowsOf(webgpu, batch);
  rows.forEach((row, i) =>
    assertNmse(row, single[i % 40], 1e-6, `sequence ${Math.floor(i / 40)}, row ${i % 40}`)
  );
  webgpu.copySequence(0, 1, 70);
  const copied = await rowsOf(webgpu, textBatch(text.slice(70), 1, 70));
  copied.forEach((row, i) => assertNmse(row, single[70 + i], 1e-6, `after a copied prefix, row ${i}`));
}

realTest(
  "logits don't depend on what shares the batch, nor on whose prefix it is",
  () => pairParts(tinyArchitecture("llama")),
  (path) => withPair(path, { cacheType: "f16" }, ({ webgpu }) => invariances(webgpu)),
);

/** What WebGPU alone is asked: what steps cost, the best logits, memory, and a GPU that goes away. */
import assert from "node:assert/strict";
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import type { EngineOptions } from "../../../../inference/engines/engine.ts";
import { type GpuDevice, openGpuDevice } from "../../../../inference/engines/webgpu/device/gpu_device.ts";
import { loadWebgpuEngine } from "../../../../inference/engines/webgpu/engine.ts";
import type { WebgpuEngine } from "../../../../inference/engines/webgpu/webgpu_engine.ts";
import { testGpu } from "../../../support/gpu.ts";
import { smollm2 } from "../../../support/models.ts";
import { realTest } from "../../../support/parts.ts";
import { quantisedModel } from "../../../support/quantise_model.ts";
import { tinyArchitecture } from "../../../support/tiny_architectures.ts";
import { tinyModel, tinyModelShards } from "../../../support/tiny_model.ts";
import { weightsRead } from "../../../support/weights_read.ts";
import { rowsOf, textBatch } from "./model_pair.ts";

async function load(
  modelPath: string,
  options: Partial<EngineOptions> = {},
  openGpu: () => Promise<GpuDevice> = testGpu,
): Promise<WebgpuEngine> {
  const whole = { modelPath, contextTokens: 256, maxSequences: 2, ...options };
  return await loadWebgpuEngine(whole, { openGpu }) as WebgpuEngine;
}

const withGpu = async (path: Promise<string>): Promise<string> => {
  await testGpu();
  return await path;
};

const text = Array.from({ length: 60 }, (_, i) => (i * i * 7 + 11 * i + 3) % 300);
const failure = (code: string) => (error: unknown) => error instanceof SkiffError && error.code === code;

realTest(
  "a step is one pass, one submit and one read, of nine dispatches a layer and three more",
  () => withGpu(tinyArchitecture("llama")),
  async (path) => {
    const engine = await load(path);
    await engine.decode(textBatch(text));
    const before = { ...engine.counters };
    for (let i = 0; i < 10; i++) await engine.decode(textBatch([5], 0, text.length + i));
    await engine.topK(textBatch([5], 0, text.length + 10), 8);
    assert.equal(engine.counters.passes - before.passes, 11);
    assert.equal(engine.counters.submits - before.submits, 11);
    assert.equal(engine.counters.readbacks - before.readbacks, 11);
    assert.equal(engine.counters.dispatches - before.dispatches, 11 * (2 * 9 + 3));
    engine.close();
  },
);

realTest(
  "a token of SmolLM2 reads its weights once and little else",
  async () => withGpu(quantisedModel(await smollm2(), "Q4_0")),
  async (path) => {
    const engine = await load(path);
    const { read, inFile } = weightsRead(engine.model);
    assert.ok(read <= 1.05 * inFile, `${read} bytes read, ${inFile} in the file`);
    assert.ok(read >= inFile, "all of them are read");
    engine.close();
  },
);

realTest(
  "topK() gives the best of the row that decode() gives",
  () => withGpu(tinyArchitecture("llama")),
  async (path) => {
    const engine = await load(path);
    const rows = await rowsOf(engine, textBatch(text, 0));
    for (const k of [1, 40, 300]) {
      engine.freeSequence(1);
      const best = await engine.topK(textBatch(text, 1), k);
      assert.equal(best.length, rows.length);
      best.forEach(({ ids, logits }, i) => {
        const order = [...rows[i].keys()].sort((a, b) => rows[i][b] - rows[i][a] || a - b).slice(0, k);
        assert.deepEqual([...ids], order, `row ${i}`);
        assert.deepEqual([...logits], order.map((id) => rows[i][id]));
      });
    }
    engine.close();
  },
);

for (const cacheType of ["f16", "q8_0"] as const) {
  realTest(
    `a cache of ${cacheType} gives nearly the logits of one of f32`,
    () => withGpu(tinyArchitecture("llama")),
    async (path) => {
      const exact = await load(path, { cacheType: "f32" });
      const [expected] = await rowsOf(exact, textBatch(text, 0, 0, "last"));
      const engine = await load(path, { cacheType });
      assert.ok(engine.info.memoryBytes < exact.info.memoryBytes);
      const [row] = await rowsOf(engine, textBatch(text, 0, 0, "last"));
      const difference = Math.max(...row.map((value, i) => Math.abs(value - expected[i])));
      assert.ok(difference > 0 && difference < { f16: 0.01, q8_0: 0.2 }[cacheType], `${difference}`);
      exact.close();
      engine.close();
    },
  );
}

realTest(
  "a lost GPU fails the call that meets it; the next one loads again and knows what was said",
  () => withGpu(tinyArchitecture("llama")),
  async (path) => {
    const devices: GpuDevice[] = [];
    const engine = await load(path, {}, async () => {
      const gpu = await openGpuDevice();
      devices.push(gpu);
      return gpu;
    });
    await engine.decode(textBatch(text.slice(0, 40)));
    const [expected] = await rowsOf(engine, textBatch(text.slice(40), 0, 40, "last"));
    engine.truncateSequence(0, 40);
    devices[0].raw.destroy();
    await assert.rejects(
      () => engine.decode(textBatch(text.slice(40), 0, 40, "last")),
      failure("unavailable"),
    );
    const [again] = await rowsOf(engine, textBatch(text.slice(40), 0, 40, "last"));
    assert.equal(devices.length, 2);
    assert.deepEqual(again, expected);
    engine.close();
    devices[1].close();
  },
);

realTest(
  "a model that does not fit is refused with figures",
  () => withGpu(tinyArchitecture("llama")),
  async (path) => {
    await assert.rejects(
      () => load(path, { contextTokens: 2 ** 24 }),
      (error) => failure("out_of_memory")(error) && /GiB/.test((error as SkiffError).message),
    );
    // what was allocated before is free again
    (await load(path)).close();
  },
);

realTest(
  "settings that are not computed here are refused",
  () => withGpu(tinyArchitecture("llama")),
  async (path) => {
    await assert.rejects(
      () => load(path, { adapters: [{ path: "x.gguf", scale: 1 }] }),
      failure("unsupported"),
    );
    await assert.rejects(() => load(path, { cacheType: "q4_0" }), failure("unsupported"));
    await assert.rejects(() => load(path, { gpuLayers: 0 }), failure("unsupported"));
  },
);

realTest(
  "a split model computes what the whole one does; progress ends at 1",
  () => withGpu(tinyModel()),
  async (path) => {
    const folder = await Deno.makeTempDir();
    try {
      const shardPaths = tinyModelShards().map((bytes, i) => {
        Deno.writeFileSync(`${folder}/blob${i}`, bytes);
        return `${folder}/blob${i}`;
      });
      const fractions: number[] = [];
      const whole = await load(path, { onProgress: (fraction) => fractions.push(fraction) });
      const split = await load(shardPaths[0], { shardPaths });
      assert.deepEqual(await rowsOf(split, textBatch(text)), await rowsOf(whole, textBatch(text)));
      assert.ok(fractions.every((fraction, i) => i === 0 || fraction >= fractions[i - 1]));
      assert.equal(fractions.at(-1), 1);
      whole.close();
      split.close();
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

realTest("a file that was cut short is corrupt", () => withGpu(tinyArchitecture("llama")), async (path) => {
  const file = await Deno.makeTempFile({ suffix: ".gguf" });
  try {
    await Deno.writeFile(file, (await Deno.readFile(path)).subarray(0, -1000));
    await assert.rejects(() => load(file), failure("corrupt"));
  } finally {
    await Deno.remove(file);
  }
});

realTest("info tells what was loaded", () => withGpu(tinyArchitecture("gemma3")), async (path) => {
  const engine = await load(path, { batchTokens: 64 });
  const { memoryBytes, device, reason: _, ...info } = engine.info;
  engine.close();
  assert.match(device, /^WebGPU, ./);
  assert.ok(memoryBytes > 1e6);
  assert.deepEqual(info, {
    engine: "webgpu",
    architecture: "gemma3",
    vocabularySize: 300,
    contextTokens: 256,
    trainedContextTokens: 512,
    maxSequences: 2,
    maxBatchTokens: 64,
    embeddingLength: 128,
    embeddingOnly: false,
    canTruncate: true,
  });
});

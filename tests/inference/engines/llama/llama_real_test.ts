/** The shared suite on llama.cpp, on tiny models of several architectures and on a real one. */
import assert from "node:assert/strict";
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import type { EngineOptions } from "../../../../inference/engines/engine.ts";
import { loadLlamaEngine } from "../../../../inference/engines/llama/engine.ts";
import { openLibrary } from "../../../../inference/engines/llama/native.ts";
import { writeGguf } from "../../../support/gguf_writer.ts";
import { llamaLibrary } from "../../../support/llama_library.ts";
import { smollm2 } from "../../../support/models.ts";
import { realTest } from "../../../support/parts.ts";
import { tinyAdapterBytes } from "../../../support/tiny_adapter.ts";
import { tinyModel, tinyModelBytes, tinyModelShards } from "../../../support/tiny_model.ts";
import { batchOf, engineSuite, type OpenEngine } from "../engine_suite.ts";

async function opener(modelPath: Promise<string>): Promise<OpenEngine> {
  const { set, root } = await llamaLibrary();
  const path = await modelPath;
  return (options) => {
    const whole: EngineOptions = {
      modelPath: path,
      contextTokens: 0,
      maxSequences: 1,
      threads: 1,
      ...options,
    };
    return loadLlamaEngine(whole, { set, install: { root } });
  };
}

engineSuite("llama.cpp, llama", () => opener(tinyModel()));
engineSuite("llama.cpp, gemma3 with sliding windows", () => opener(tinyModel({ architecture: "gemma3" })));
engineSuite("llama.cpp, SmolLM2", () => opener(smollm2()), { tolerance: 0.05 });

/** Greedy continuation. */
async function continuation(open: OpenEngine, prompt: number[], length: number): Promise<number[]> {
  const engine = await open({ contextTokens: 128 });
  const tokens: number[] = [];
  let batch = batchOf(prompt.map((token, i) => [token, i, 0, i === prompt.length - 1 ? 1 : 0]));
  for (let i = 0; i < length; i++) {
    const row = (await engine.decode(batch)).row(0);
    let best = 0;
    for (let id = 1; id < row.length; id++) if (row[id] > row[best]) best = id;
    tokens.push(best);
    batch = batchOf([[best, prompt.length + i, 0, 1]]);
  }
  engine.close();
  return tokens;
}

realTest("SmolLM2 says that Paris is the capital of France", () => opener(smollm2()), async (open) => {
  // "The capital of France is" -> " Paris"
  assert.equal((await continuation(open, [504, 3575, 282, 4649, 314], 1))[0], 7042);
});

realTest(
  "a split model in files of any name computes what the whole one does",
  () => opener(tinyModel()),
  async (open) => {
    const folder = await Deno.makeTempDir();
    try {
      const shardPaths = tinyModelShards().map((bytes, i) => {
        Deno.writeFileSync(`${folder}/blob${i}`, bytes);
        return `${folder}/blob${i}`;
      });
      const split: OpenEngine = (options) => open({ ...options, modelPath: shardPaths[0], shardPaths });
      assert.deepEqual(await continuation(split, [5, 6, 7], 8), await continuation(open, [5, 6, 7], 8));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

realTest("info tells what was loaded", () => opener(tinyModel()), async (open) => {
  const fractions: number[] = [];
  const engine = await open({ contextTokens: 64, maxSequences: 2, onProgress: (f) => fractions.push(f) });
  const { info } = engine;
  engine.close();
  assert.equal(info.engine, "llama");
  assert.match(info.device, /^llama\.cpp 0\.\d+\.\d+, .+, 1 thread$/);
  assert.deepEqual(
    [
      info.architecture,
      info.vocabularySize,
      info.contextTokens,
      info.trainedContextTokens,
      info.maxSequences,
    ],
    ["llama", 300, 64, 512, 2],
  );
  assert.ok(info.canTruncate && !info.embeddingOnly);
  assert.ok(info.memoryBytes > 100_000, `${info.memoryBytes} bytes`);
  assert.equal(fractions.at(-1), 1);
});

realTest(
  "the settings that change the cache's form decode the same text",
  () => opener(smollm2()),
  async (open) => {
    const expected = await continuation(open, [504, 3575, 282, 4649, 314], 4);
    for (const settings of [{ flashAttention: false }, { cacheType: "q8_0" as const }, { mlock: true }]) {
      const found = await continuation((o) => open({ ...o, ...settings }), [504, 3575, 282, 4649, 314], 4);
      assert.deepEqual(found, expected, JSON.stringify(settings));
    }
  },
);

realTest(
  "a cache that sequences share overflows when it is full, and keeps what it holds",
  () => opener(tinyModel()),
  async (open) => {
    const engine = await open({ contextTokens: 256, maxSequences: 2, cacheTokens: 256, batchTokens: 256 });
    const tokens = (n: number, sequence: number) =>
      batchOf(Array.from({ length: n }, (_, i) => [5 + i % 200, i, sequence, 0]));
    await engine.decode(tokens(200, 0));
    assert.throws(
      () => engine.decode(tokens(100, 1)),
      (error) => error instanceof SkiffError && error.code === "context_overflow",
    );
    await engine.decode(tokens(50, 1));
    await engine.decode(batchOf([[7, 200, 0, 1]]));
    engine.close();
  },
);

realTest("a damaged file is refused with llama.cpp's reason", llamaLibrary, async ({ set, root }) => {
  const folder = await Deno.makeTempDir();
  try {
    const whole = tinyModelBytes();
    const cases: [string, Uint8Array<ArrayBuffer>, string][] = [
      ["truncated weights", whole.slice(0, whole.length - 5000), "corrupt"],
      ["truncated header", whole.slice(0, 300), "corrupt"],
      ["no GGUF", new TextEncoder().encode("hello, world"), "corrupt"],
      ["empty", new Uint8Array(), "corrupt"],
    ];
    for (const [what, bytes, code] of cases) {
      const modelPath = `${folder}/model.gguf`;
      await Deno.writeFile(modelPath, bytes);
      await assert.rejects(
        () =>
          loadLlamaEngine({ modelPath, contextTokens: 64, maxSequences: 1, threads: 1 }, {
            set,
            install: { root },
          }),
        (error) => error instanceof SkiffError && error.code === code && error.message.includes("model.gguf"),
        what,
      );
    }
    await assert.rejects(
      () =>
        loadLlamaEngine({ modelPath: `${folder}/none.gguf`, contextTokens: 64, maxSequences: 1 }, {
          set,
          install: { root },
        }),
      SkiffError,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

realTest(
  "adapters change what is computed, by their scale, until they are taken off",
  () => opener(tinyModel()),
  async (open) => {
    const path = await Deno.makeTempFile({ suffix: ".gguf" });
    await Deno.writeFile(path, tinyAdapterBytes());
    const engine = await open({ contextTokens: 64 });
    try {
      const logits = async () => {
        engine.freeSequence(0);
        return (await engine.decode(batchOf([[5, 0, 0, 0], [9, 1, 0, 1]]))).row(0).slice();
      };
      const plain = await logits();
      engine.setAdapters!([{ path, scale: 1 }]);
      const adapted = await logits();
      assert.notDeepEqual(adapted, plain);
      engine.setAdapters!([{ path, scale: 0.25 }]);
      assert.notDeepEqual(await logits(), adapted);
      engine.setAdapters!([]);
      assert.deepEqual(await logits(), plain);
      await Deno.writeTextFile(path + "2", "no adapter");
      assert.throws(
        () => engine.setAdapters!([{ path: path + "2", scale: 1 }]),
        (error) => error instanceof SkiffError && error.code === "corrupt",
      );
    } finally {
      engine.close();
      for (const file of [path, path + "2"]) await Deno.remove(file).catch(() => {});
    }
  },
);

realTest("libraries of another release than the table says are not used", llamaLibrary, ({ set, folder }) => {
  const claimed = { ...set, release: "v0.4.0" };
  for (const wrong of [claimed, { ...set, release: "v9.9.9" }]) {
    assert.throws(
      () => openLibrary(`${folder}/.`, wrong),
      (error) => error instanceof SkiffError && error.code === "unsupported",
    );
  }
});

realTest(
  "an architecture that llama.cpp does not know is unsupported",
  llamaLibrary,
  async ({ set, root }) => {
    const modelPath = await Deno.makeTempFile({ suffix: ".gguf" });
    try {
      await Deno.writeFile(
        modelPath,
        writeGguf({ metadata: { "general.architecture": "brandnew" }, tensors: [] }),
      );
      await assert.rejects(
        () =>
          loadLlamaEngine({ modelPath, contextTokens: 64, maxSequences: 1, threads: 1 }, {
            set,
            install: { root },
          }),
        (error) =>
          error instanceof SkiffError && error.code === "unsupported" && /brandnew/.test(error.message),
      );
    } finally {
      await Deno.remove(modelPath);
    }
  },
);

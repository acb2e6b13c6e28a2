/**
 * A request that joins another one, on a copy of its beginning, changes nothing of it. Weights and cache are F32: then
 * what the place of cells in the shared cache does to sums stays below 1e-5, and a leak between sequences does not.
 */
import assert from "node:assert/strict";
import type { TokenLogprob } from "../../../inference/chat/request.ts";
import { loadLlamaEngine } from "../../../inference/engines/llama/engine.ts";
import { openGguf } from "../../../inference/gguf/mod.ts";
import { createSampler } from "../../../inference/sampling/sampler.ts";
import { Scheduler } from "../../../inference/scheduler/scheduler.ts";
import { openTokenizer } from "../../../inference/tokenizer/mod.ts";
import { llamaLibrary } from "../../support/llama_library.ts";
import { realTest } from "../../support/parts.ts";
import { tinyModel } from "../../support/tiny_model.ts";

const architectures = ["llama", "gemma3", "qwen3"] as const;

for (const architecture of architectures) {
  const needs = async () => ({ library: await llamaLibrary(), modelPath: await tinyModel({ architecture }) });
  realTest(`${architecture}: a request that joins changes nothing of the other`, needs, async (parts) => {
    const { library: { set, root }, modelPath } = parts;
    const engine = await loadLlamaEngine({
      modelPath,
      contextTokens: 256,
      maxSequences: 4,
      threads: 1,
      cacheType: "f32",
      flashAttention: false,
    }, { set, install: { root } });
    const tokenizer = openTokenizer(await openGguf(modelPath));
    const vocabulary = {
      vocabularySize: engine.info.vocabularySize,
      contextTokens: 256,
      tokenText: (token: number) => tokenizer.decode([token], { special: true }),
      tokenize: (text: string) => tokenizer.encode(text),
    };
    const scheduler = new Scheduler({
      engine,
      tokenizer,
      createSampler: (options) => createSampler(options, vocabulary),
      queueLimit: 8,
    });
    const prompt = tokenizer.encode("the hello world and the other things in a world of words");
    const submit = () => {
      const chosen: TokenLogprob[] = [];
      const sampling = { temperature: 0 };
      const job = { prompt, sampling, maxTokens: 40, stop: [], n: 1, logprobs: 1, cachePrompt: true };
      scheduler.submit({ ...job, ignoreEos: true }, {
        start() {},
        piece: (_answer, _text, logprobs) => void chosen.push(...logprobs),
        end() {},
        done() {},
        fail: (error) => assert.fail(error),
      });
      return chosen;
    };
    const finish = async () => {
      while (scheduler.busy) await scheduler.step();
    };
    const alone = submit();
    await finish();
    assert.equal(alone.length, 40);
    for (const steps of [0, 1, 2, 5, 11]) {
      const first = submit();
      for (let i = 0; i < steps; i++) await scheduler.step();
      const joining = submit();
      await finish();
      for (const answer of [first, joining]) assertSame(answer, alone, `joined after ${steps} steps`);
    }
    engine.close();
  });
}

function assertSame(actual: TokenLogprob[], expected: TokenLogprob[], when: string): void {
  assert.deepEqual(actual.map(({ token }) => token), expected.map(({ token }) => token), when);
  actual.forEach(({ logprob }, i) => assert.ok(Math.abs(logprob - expected[i].logprob) < 1e-5, when));
}

/**
 * The real SmolLM2 in every type: what it expects next, over a long text, is what llama.cpp expects.
 *
 * The oracle computes the same file with its weights turned into floats (`llama_model_quantize` to F32, which is exact):
 * on quantised files llama.cpp's processor kernels round activations to int8, and are themselves 5e-3 nats from that.
 */
import assert from "node:assert/strict";
import { openGguf } from "../../../../inference/gguf/mod.ts";
import { openTokenizer } from "../../../../inference/tokenizer/mod.ts";
import { smollm2 } from "../../../support/models.ts";
import { realTest } from "../../../support/parts.ts";
import { type FileType, quantisedModel, withExactModel } from "../../../support/quantise_model.ts";
import { agreement } from "./agreement.ts";
import { pairParts, withPair } from "./model_pair.ts";

/** Positions that are compared; SKIFF_TEST_LONG=1 takes 2,000 for each type, most of a minute a type on llvmpipe. */
const long = Deno.env.get("SKIFF_TEST_LONG") === "1";
const positions: [FileType, number][] = [
  ["Q4_1", 2000], // as it is published
  ["Q4_0", 512],
  ["F32", 512],
  ["F16", 512],
  ["BF16", 512],
  ["Q5_0", 512],
  ["Q5_1", 512],
  ["Q8_0", 512],
  ["Q2_K", 512],
  ["Q3_K_M", 512],
  ["Q4_K_M", 512],
  ["Q5_K_M", 512],
  ["Q6_K", 512],
  ["IQ4_NL", 512],
  ["IQ4_XS", 512],
];

/** The longest English text here that does not change. */
async function text(modelPath: string): Promise<number[]> {
  const licence = await Deno.readTextFile(new URL("../../../../LICENSE", import.meta.url));
  return [...openTokenizer(await openGguf(modelPath)).encode(licence)];
}

for (const [type, count] of positions) {
  realTest(
    `SmolLM2 in ${type} agrees with llama.cpp over ${long ? 2000 : count} positions`,
    async () => await pairParts(quantisedModel(await smollm2(), type)),
    async (path) => {
      const tokens = (await text(path)).slice(0, (long ? 2000 : count) + 1);
      await withExactModel(path, async (oraclePath) => {
        const options = { contextTokens: 2304, maxSequences: 1, oraclePath };
        await withPair(path, options, async (pair) => {
          const found = await agreement(pair, tokens);
          const what = JSON.stringify(found);
          assert.ok(found.top >= 0.97, what);
          assert.ok(found.topWhereClear >= 0.99, what);
          assert.ok(found.divergence < 1e-3, what);
          assert.ok(Math.abs(found.perplexity / found.oraclePerplexity - 1) < 0.005, what);
        });
      });
    },
  );
}

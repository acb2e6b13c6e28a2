import assert from "node:assert/strict";
import { Candidates } from "../../../inference/sampling/candidates.ts";
import { Dry, findBreakers } from "../../../inference/sampling/dry.ts";
import { minP, temper, topNSigmaFloor, topP, typical, xtc } from "../../../inference/sampling/filters.ts";
import { Mirostat } from "../../../inference/sampling/mirostat.ts";
import { Penalties } from "../../../inference/sampling/penalties.ts";
import { narrow, samplingDefaults } from "../../../inference/sampling/sampler.ts";
import { openGguf } from "../../../inference/gguf/mod.ts";
import { type LlamaSamplers, llamaSamplers, type SamplerPointer } from "../../support/llama_samplers.ts";
import { seeded } from "../../support/mutations.ts";
import { realTest } from "../../support/parts.ts";
import { tinyModel } from "../../support/tiny_model.ts";

/** Logits as models give them: nearly normal, some standing out, none equal. */
function randomRow(size: number, seed: number): Float32Array {
  const next = seeded(seed);
  const uniform = () => (next(2 ** 24) + 1) / (2 ** 24 + 1);
  return Float32Array.from({ length: size }, (_, i) => {
    const normal = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    return normal * 2 + (i % 97 === 0 ? 5 * uniform() : 0);
  });
}

type Distribution = Map<number, number>;

/** Tokens with the probabilities that the logits left give; impossible ones left out. */
function distribution(tokens: Int32Array, logits: Float32Array): Distribution {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0);
  const pairs = Array.from(tokens, (token, i) => [token, Math.exp(logits[i] - most) / sum] as const);
  return new Map(pairs.filter(([, probability]) => probability > 0));
}

function ours(candidates: Candidates): Distribution {
  const { tokens, logits, size } = candidates;
  return distribution(tokens.subarray(0, size), logits.subarray(0, size));
}

function theirs(
  llama: LlamaSamplers,
  samplers: SamplerPointer[],
  row: Float32Array,
  history?: number[],
): Distribution {
  const { tokens, logits } = llama.applyOnce(samplers, row, history);
  return distribution(tokens, logits);
}

/**
 * The same tokens with the same probabilities to 1e-5. llama.cpp sums up to 49,152 probabilities in 32 bits,
 * so that tokens at the very border of a set may fall on the other side: those weigh less than what such a
 * sum can lose.
 */
function assertSame(
  ours: Distribution,
  theirs: Distribution,
  { label, size }: { label: string; size: number },
) {
  let border = 0;
  for (const token of new Set([...ours.keys(), ...theirs.keys()])) {
    const [our, their] = [ours.get(token) ?? 0, theirs.get(token) ?? 0];
    if (ours.has(token) && theirs.has(token)) {
      assert.ok(Math.abs(our - their) < 1e-5, `${label} of ${size}: token ${token} has ${our}, not ${their}`);
    } else border += our + their;
  }
  assert.ok(border < size * 4e-9, `${label} of ${size}: ${ours.size} tokens, not ${theirs.size} (${border})`);
}

/** All tokens of a row, after one of our steps. */
function after(row: Float32Array, step: (candidates: Candidates) => void, sort = false): Distribution {
  const candidates = new Candidates();
  candidates.collect(row);
  if (sort) candidates.sort();
  step(candidates);
  return ours(candidates);
}

const sizes = [2, 50, 3000, 49152];

interface Step {
  name: string;
  values: number[];
  ours: (candidates: Candidates, value: number, row: Float32Array) => void;
  theirs: (init: LlamaSamplers["init"], value: number) => SamplerPointer;
}
const steps: Step[] = [
  {
    name: "top_k",
    values: [1, 2, 40, 1000],
    ours: (candidates, k, row) => candidates.selectTop(row, k),
    theirs: (init, k) => init.llama_sampler_init_top_k(k),
  },
  {
    name: "top_p",
    values: [0, 0.3, 0.95, 0.999],
    ours: (candidates, p) => topP(candidates, p, 0),
    theirs: (init, p) => init.llama_sampler_init_top_p(p, 0n),
  },
  {
    name: "top_p with min_keep",
    values: [0.01, 0.5],
    ours: (candidates, p) => topP(candidates, p, 30),
    theirs: (init, p) => init.llama_sampler_init_top_p(p, 30n),
  },
  {
    name: "min_p",
    values: [0.001, 0.05, 0.9, 1],
    ours: (candidates, p) => minP(candidates, p, 0),
    theirs: (init, p) => init.llama_sampler_init_min_p(p, 0n),
  },
  {
    name: "min_p with min_keep",
    values: [0.05, 0.99],
    ours: (candidates, p) => minP(candidates, p, 20),
    theirs: (init, p) => init.llama_sampler_init_min_p(p, 20n),
  },
  {
    name: "typical",
    values: [0.1, 0.5, 0.9],
    ours: (candidates, p) => typical(candidates, p, 0),
    theirs: (init, p) => init.llama_sampler_init_typical(p, 0n),
  },
  {
    name: "typical with min_keep",
    values: [0.001, 0.3],
    ours: (candidates, p) => typical(candidates, p, 10),
    theirs: (init, p) => init.llama_sampler_init_typical(p, 10n),
  },
  {
    name: "top_n_sigma",
    values: [0, 0.5, 1, 2.5],
    ours: (candidates, n, row) => candidates.collect(row, topNSigmaFloor(row, n)),
    theirs: (init, n) => init.llama_sampler_init_top_n_sigma(n),
  },
  {
    name: "xtc",
    values: [0.0001, 0.01, 0.1, 0.6],
    ours: (candidates, threshold) => xtc(candidates, { probability: 1, threshold, minKeep: 0 }, () => 0.5),
    theirs: (init, threshold) => init.llama_sampler_init_xtc(1, threshold, 0n, 1),
  },
  {
    name: "xtc with min_keep",
    values: [0.0001, 0.01],
    ours: (candidates, threshold) => xtc(candidates, { probability: 1, threshold, minKeep: 45 }, () => 0.5),
    theirs: (init, threshold) => init.llama_sampler_init_xtc(1, threshold, 45n, 1),
  },
  {
    name: "temperature",
    values: [0, 0.1, 0.8, 3],
    ours: (candidates, temperature) => temper(candidates, { temperature, range: 0, exponent: 1 }),
    theirs: (init, temperature) => init.llama_sampler_init_temp_ext(temperature, 0, 1),
  },
  {
    name: "dynamic temperature",
    values: [0.3, 1, 2],
    ours: (candidates, temperature) => temper(candidates, { temperature, range: 0.7, exponent: 1.5 }),
    theirs: (init, temperature) => init.llama_sampler_init_temp_ext(temperature, 0.7, 1.5),
  },
];

realTest(
  "each step keeps the tokens and probabilities that llama.cpp's keeps",
  llamaSamplers,
  async (llama, t) => {
    for (const { name, values, ours, theirs: create } of steps) {
      await t.step(name, () => {
        for (const size of sizes) {
          for (const value of values) {
            const row = randomRow(size, size + 1);
            const result = after(row, (candidates) => ours(candidates, value, row));
            assertSame(
              result,
              theirs(llama, [create(llama.init, value)], row),
              { label: `${name} ${value}`, size },
            );
          }
        }
      });
    }
  },
);

realTest("the whole chain gives llama.cpp's distribution", llamaSamplers, (llama) => {
  const chains: Partial<typeof samplingDefaults>[] = [
    {},
    { topK: 0 },
    { topK: 0, topP: 1, minP: 0 },
    { topK: 100, typicalP: 0.7, topP: 0.9 },
    { topNSigma: 1.5, temperature: 1.3 },
    { xtcProbability: 1, xtcThreshold: 0.02, topP: 1, minP: 0 },
    { dynatempRange: 0.5, dynatempExponent: 0.8 },
    { minKeep: 12, topP: 0.2, minP: 0.5 },
  ];
  for (const changes of chains) {
    for (const size of [300, 49152]) {
      const settings = { ...samplingDefaults, ...changes };
      const row = randomRow(size, size + 5);
      const candidates = new Candidates();
      narrow(candidates, row, { settings, random: () => 0.5 });
      const { init } = llama;
      const minKeep = BigInt(settings.minKeep);
      const chain = [
        init.llama_sampler_init_top_n_sigma(settings.topNSigma),
        init.llama_sampler_init_top_k(settings.topK),
        init.llama_sampler_init_typical(settings.typicalP, minKeep),
        init.llama_sampler_init_top_p(settings.topP, minKeep),
        init.llama_sampler_init_min_p(settings.minP, minKeep),
        init.llama_sampler_init_xtc(settings.xtcProbability, settings.xtcThreshold, minKeep, 1),
        init.llama_sampler_init_temp_ext(
          settings.temperature,
          settings.dynatempRange,
          settings.dynatempExponent,
        ),
      ];
      assertSame(ours(candidates), theirs(llama, chain, row), { label: JSON.stringify(changes), size });
    }
  }
});

realTest("penalties change the logits as llama.cpp's do", llamaSamplers, (llama) => {
  const next = seeded(3);
  for (
    const [lastN, repeat, frequency, presence] of [[64, 1.3, 0, 0], [8, 1, 0.5, 0.25], [20, 0.8, -0.1, 1]]
  ) {
    const row = randomRow(100, lastN);
    const history = Array.from({ length: 50 }, () => next(30));
    const sampler = llama.init.llama_sampler_init_penalties(100, lastN, repeat, frequency, presence);
    const expected = llama.applyOnce([sampler], row, history);
    const penalties = new Penalties({ lastN, repeat, frequency, presence });
    for (const token of history) penalties.observe(token);
    penalties.apply(row);
    expected.tokens.forEach((token, i) => assert.ok(Math.abs(row[token] - expected.logits[i]) < 1e-5));
  }
});

realTest("DRY changes the logits as llama.cpp's does", async () => {
  const path = await tinyModel();
  return { llama: await llamaSamplers(), path };
}, async ({ llama, path }) => {
  const tokens = [...(await openGguf(path)).metadata.strings("tokenizer.ggml.tokens")!];
  const texts = tokens.map((token) => token.replaceAll("Ġ", " ").replaceAll("Ċ", "\n"));
  const vocabulary = {
    vocabularySize: tokens.length,
    tokenText: (token: number) => texts[token],
    // The breakers' remainders below are single characters.
    tokenize: (text: string) => [...text].map((character) => texts.indexOf(character)),
  };
  const model = llama.loadModel(path);
  const next = seeded(11);
  let penalised = 0;
  for (const breakers of [[], ["\n", ":"], ["he"], ["o"], ["b ", "heo"]]) {
    for (const [allowedLength, lastN] of [[2, 200], [1, 40], [3, 512], [0, 100], [2, 512], [1, 512]]) {
      // Few tokens, so that much repeats; among them some that begin or hold the breakers.
      const letters = ["a", "b", "h", "e", " ", "he", "or", "\n"].map((text) => texts.indexOf(text));
      const history = Array.from({ length: 150 }, () => letters[Math.min(next(9), next(9), 7)]);
      const row = randomRow(tokens.length, 5);
      const settings = { multiplier: 0.8, base: 1.75, allowedLength, lastN };
      const expected = llama.applyOnce([llama.dry(model, { ...settings, breakers })], row, history);
      const dry = new Dry(settings, findBreakers(breakers, vocabulary));
      for (const token of history) dry.observe(token);
      const before = row.slice();
      dry.apply(row);
      expected.tokens.forEach((token, i) => {
        assert.ok(
          Math.abs(row[token] - expected.logits[i]) < 1e-4,
          `${JSON.stringify({ breakers, allowedLength, token })}: ${row[token]}, not ${expected.logits[i]}`,
        );
        if (row[token] !== before[token]) penalised++;
      });
    }
  }
  assert.ok(penalised > 20);
  llama.init.llama_model_free(model);
});

realTest("mirostat draws from the tokens that llama.cpp's draws from", llamaSamplers, (llama) => {
  for (const version of [1, 2] as const) {
    for (const tau of [1, 3, 5, 8]) {
      for (const size of [500, 20000]) {
        const row = randomRow(size, tau);
        const sampler = version === 1
          ? llama.init.llama_sampler_init_mirostat(size, 1, tau, 0.1, 100)
          : llama.init.llama_sampler_init_mirostat_v2(1, tau, 0.1);
        const expected = theirs(llama, [sampler], row);
        const candidates = new Candidates();
        new Mirostat({ version, tau, eta: 0.1 }).select(candidates, row);
        assertSame(ours(candidates), expected, { label: `mirostat ${version}, tau ${tau}`, size });
      }
    }
  }
});

realTest("mirostat learns from what was chosen as llama.cpp's does", llamaSamplers, (llama) => {
  for (const version of [1, 2] as const) {
    const size = 500, tau = 3, eta = 0.4;
    const sampler = version === 1
      ? llama.init.llama_sampler_init_mirostat(size, 1, tau, eta, 100)
      : llama.init.llama_sampler_init_mirostat_v2(1, tau, eta);
    const mirostat = new Mirostat({ version, tau, eta });
    const candidates = new Candidates();
    for (let step = 0; step < 20; step++) {
      const row = randomRow(size, step);
      const { tokens, logits, probabilities, selected } = llama.apply([sampler], row);
      mirostat.select(candidates, row);
      const label = `mirostat ${version}, step ${step}`;
      assertSame(ours(candidates), distribution(tokens, logits), { label, size });
      mirostat.observe(probabilities[selected]);
    }
    llama.init.llama_sampler_free(sampler);
  }
});

import assert from "node:assert/strict";
import type { Constraint, SamplingOptions } from "../../../inference/sampling/options.ts";
import { createSampler, type SamplerVocabulary } from "../../../inference/sampling/sampler.ts";
import { seeded } from "../../support/mutations.ts";

/** Tokens are the characters from "A" on. */
function vocabularyOf(size: number): SamplerVocabulary {
  return {
    vocabularySize: size,
    contextTokens: 256,
    tokenText: (token) => String.fromCharCode(65 + token),
    tokenize: (text) => [...text].map((character) => character.charCodeAt(0) - 65),
  };
}

function randomRow(size: number, seed: number): Float32Array {
  const next = seeded(seed);
  return Float32Array.from({ length: size }, () => (next(2 ** 20) / 2 ** 20 - 0.5) * 12);
}

/** The tokens that a sampler chooses from the same logits again and again. */
function draw(
  options: SamplingOptions,
  logits: ArrayLike<number>,
  count: number,
  constraint?: Constraint,
): number[] {
  const sampler = createSampler(options, vocabularyOf(logits.length));
  return Array.from({ length: count }, () => sampler.sample(Float32Array.from(logits), { constraint }).token);
}

/** How often each token came, as a part of all. */
function frequencies(tokens: number[], size: number): number[] {
  const counts = new Array(size).fill(0);
  for (const token of tokens) counts[token]++;
  return counts.map((count) => count / tokens.length);
}

/** Allows a fixed set of tokens. */
function allowing(size: number, allowed: number[]): Constraint {
  const mask = new Uint32Array(Math.ceil(size / 32));
  for (const token of allowed) mask[token >> 5] |= 1 << (token & 31);
  return {
    allows: (token) => allowed.includes(token),
    mask: () => mask,
    accept: () => {},
    finished: false,
    clone: () => allowing(size, allowed),
  };
}

const off = { topK: 0, topP: 1, minP: 0, temperature: 1 };
const softmax = (logits: number[]) => {
  const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
  return logits.map((logit) => Math.exp(logit) / sum);
};

Deno.test("sample gives the same tokens for the same seed, others for another", () => {
  const row = randomRow(500, 1);
  const options = { temperature: 1.5, topK: 0, minP: 0 };
  assert.deepEqual(draw({ ...options, seed: 7 }, row, 50), draw({ ...options, seed: 7 }, row, 50));
  assert.notDeepEqual(draw({ ...options, seed: 7 }, row, 50), draw({ ...options, seed: 8 }, row, 50));
  assert.notDeepEqual(draw(options, row, 50), draw(options, row, 50));
  // Pinned: the text for a seed does not change from one machine or release to the next.
  assert.deepEqual(draw({ ...options, seed: 42 }, row, 8), [459, 197, 186, 66, 59, 288, 444, 4]);
});

Deno.test("sample with temperature 0 takes the likeliest token, of equals the first", () => {
  assert.deepEqual(draw({ temperature: 0 }, [1, 5, 2, 5], 3), [1, 1, 1]);
  assert.deepEqual(draw({ temperature: 0, mirostat: 2 }, [1, 5, 2, 5], 2), [1, 1]);
  assert.deepEqual(draw({ temperature: 0, xtcProbability: 1, minP: 0, topP: 1 }, [1, 3.1, 2, 3], 2), [2, 2]);
});

Deno.test("sample draws by the probabilities", () => {
  const logits = [0, 1, 2, -1];
  const found = frequencies(draw({ ...off, seed: 1 }, logits, 20000), 4);
  softmax(logits).forEach((expected, i) =>
    assert.ok(Math.abs(found[i] - expected) < 0.015, `${i}: ${found[i]}`)
  );
});

const chains: [name: string, options: SamplingOptions, logits: number[], kept: number[]][] = [
  ["top_k", { ...off, topK: 2 }, [1, 3, 2, 0], [1, 2]],
  ["top_k with equal logits", { ...off, topK: 2 }, [1, 1, 1, 0], [0, 1]],
  ["top_p", { ...off, topP: 0.7 }, [3, 2, 1, 0], [0, 1]],
  ["top_p with min_keep", { ...off, topP: 0.1, minKeep: 3 }, [3, 2, 1, 0], [0, 1, 2]],
  ["min_p", { ...off, minP: 0.3 }, [0, -1, -2, -3], [0, 1]],
  ["min_p with min_keep", { ...off, minP: 0.9, minKeep: 2 }, [0, -1, -2, -3], [0, 1]],
  ["top_n_sigma", { ...off, topNSigma: 1 }, [4, 3.9, 0, 0], [0, 1]],
  ["xtc", { ...off, xtcProbability: 1, xtcThreshold: 0.2 }, [2, 1.9, 1.8, 0], [2, 3]],
  ["logit_bias", { ...off, logitBias: [[0, -Infinity], [2, -Infinity]] }, [9, 0, 9, 0], [1, 3]],
  ["presence penalty", { ...off, topK: 1, presencePenalty: 2 }, [1, 0, -9, -9], [0, 1]],
];
for (const [name, options, logits, kept] of chains) {
  Deno.test(`sample with ${name} draws from the tokens it keeps, all of them`, () => {
    const drawn = new Set(draw({ ...options, seed: 3 }, logits, 400));
    assert.deepEqual([...drawn].sort(), kept);
  });
}

Deno.test("penalties look back at the last tokens, the prompt's among them", () => {
  const sampler = createSampler({ temperature: 0, repeatPenalty: 2, repeatLastN: 2 }, vocabularyOf(3));
  const next = () => sampler.sample(new Float32Array([4, 3, 1])).token;
  sampler.observe(0);
  assert.deepEqual([next(), next(), next()], [1, 0, 0]);
});

Deno.test("settings that look back further than the context take no more memory than it", () => {
  const options = {
    temperature: 0,
    repeatPenalty: 2,
    repeatLastN: 1e12,
    dryMultiplier: 1,
    dryPenaltyLastN: 1e12,
  };
  const sampler = createSampler(options, vocabularyOf(3));
  for (let i = 0; i < 1000; i++) sampler.observe(0);
  assert.equal(sampler.sample(new Float32Array([4, 3, 1])).token, 1);
});

Deno.test("DRY ends a repetition, unless a breaker stands in it", () => {
  // The prompt says ABCDABC: D would repeat it.
  const next = (text: string, options: SamplingOptions = {}) => {
    const vocabulary = vocabularyOf(8);
    const settings = { temperature: 0, dryMultiplier: 5, drySequenceBreakers: ["E"], ...options };
    const sampler = createSampler(settings, vocabulary);
    for (const token of Array.from(vocabulary.tokenize(text))) sampler.observe(token);
    return sampler.sample(new Float32Array([0, 0, 0, 3, 2, 0, 0, 0])).token;
  };
  assert.equal(next("ABCDABC"), 4);
  assert.equal(next("ABCDABC", { dryMultiplier: 0 }), 3);
  assert.equal(next("ABCDABC", { dryAllowedLength: 4 }), 3);
  assert.equal(next("AECDAEC"), 3);
  assert.equal(next("ABCDABC", { drySequenceBreakers: ["BC"] }), 3);
});

for (const mirostat of [1, 2] as const) {
  Deno.test(`mirostat ${mirostat} keeps the surprise near its target`, () => {
    const size = 2000;
    // Zipf's law, which the method assumes.
    const logits = Float32Array.from({ length: size }, (_, i) => -1.2 * Math.log(i + 1));
    const probabilities = softmax([...logits]);
    const options = { temperature: 1, mirostat, mirostatTau: 3, mirostatEta: 0.1, seed: 5 };
    const surprises = draw(options, logits, 4000).map((token) => -Math.log2(probabilities[token]));
    const mean = surprises.reduce((sum, surprise) => sum + surprise, 0) / surprises.length;
    const free = draw({ ...off, seed: 5 }, logits, 4000).map((token) => -Math.log2(probabilities[token]));
    const freeMean = free.reduce((sum, surprise) => sum + surprise, 0) / free.length;
    assert.ok(freeMean > 6 && mean < 4.5, `${mean} with, ${freeMean} without`);
  });
}

Deno.test("a refused token is drawn again from the masked logits", () => {
  const logits = [3, 2, 1, 0, -1];
  const allowed = [1, 3, 4];
  const found = frequencies(draw({ ...off, seed: 9 }, logits, 20000, allowing(5, allowed)), 5);
  const masked = softmax(logits.map((logit, i) => allowed.includes(i) ? logit : -Infinity));
  masked.forEach((expected, i) => assert.ok(Math.abs(found[i] - expected) < 0.015, `${i}: ${found[i]}`));
});

Deno.test("under a constraint that refuses what the filters keep, the filters work on what is left", () => {
  const logits = Array.from({ length: 100 }, (_, i) => i === 0 ? 20 : -i / 10);
  const drawn = new Set(draw({ ...off, topK: 2, seed: 1 }, logits, 200, allowing(100, [40, 70, 99])));
  assert.deepEqual([...drawn].sort(), [40, 70]);
  assert.deepEqual(draw({ temperature: 0 }, logits, 1, allowing(100, [99, 70])), [70]);
});

Deno.test("mirostat under a constraint chooses allowed tokens", () => {
  const logits = Array.from(randomRow(100, 2));
  for (const mirostat of [1, 2] as const) {
    const tokens = draw({ mirostat, seed: 1 }, logits, 100, allowing(100, [5, 50]));
    assert.ok(tokens.every((token) => token === 5 || token === 50));
  }
});

Deno.test("sample fails when nothing may follow, or no score is a number", () => {
  const sampler = createSampler({}, vocabularyOf(3));
  assert.throws(() => sampler.sample(new Float32Array(3), { constraint: allowing(3, []) }), {
    code: "internal",
    message: /grammar/,
  });
  for (const options of [{}, { temperature: 0 }, { topK: 0 }, { mirostat: 1 }, { mirostat: 2 }] as const) {
    const broken = createSampler(options, vocabularyOf(3));
    assert.throws(() => broken.sample(new Float32Array(3).fill(NaN)), {
      code: "internal",
      message: /no score/,
    });
  }
});

Deno.test("logprobs are of the raw logits, whatever the sampling does to them", () => {
  const raw = [1, 4, 2, 3];
  const expected = softmax(raw).map(Math.log);
  const sampler = createSampler(
    { temperature: 0, logitBias: [[1, -Infinity]], presencePenalty: 1 },
    vocabularyOf(4),
  );
  sampler.observe(3);
  const { token, logprob, top } = sampler.sample(Float32Array.from(raw), { logprobs: 3 });
  assert.equal(token, 2);
  assert.ok(Math.abs(logprob! - expected[2]) < 1e-6);
  assert.deepEqual(top!.map((entry) => entry.token), [1, 3, 2]);
  top!.forEach((entry) => assert.ok(Math.abs(entry.logprob - expected[entry.token]) < 1e-6));
  assert.deepEqual(sampler.sample(Float32Array.from(raw), { logprobs: 0 }).top, []);
  assert.deepEqual(Object.keys(sampler.sample(Float32Array.from(raw))), ["token"]);
});

const refused: [SamplingOptions, RegExp][] = [
  [{ temperature: NaN }, /temperature is not a number/],
  [{ repeatPenalty: 0 }, /repeat_penalty/],
  [{ logitBias: [[4, 1]] }, /logit_bias names the token 4/],
  [{ logitBias: [[-1, 1]] }, /logit_bias names the token -1/],
  [{ mirostat: 3 as 2 }, /mirostat is 3/],
  [{ dryMultiplier: 1, drySequenceBreakers: new Array(65).fill("x") }, /dry_sequence_breakers/],
];
for (const [options, message] of refused) {
  Deno.test(`createSampler refuses ${message.source}`, () => {
    assert.throws(() => createSampler(options, vocabularyOf(4)), { code: "invalid_input", message });
  });
}

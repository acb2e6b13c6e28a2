import assert from "node:assert/strict";
import { Candidates, descendingOrder } from "../../../inference/sampling/candidates.ts";
import { minP, topP, xtc } from "../../../inference/sampling/filters.ts";
import { seeded } from "../../support/mutations.ts";

/** Logits with many equal ones, negative and positive. */
function row(size: number, seed: number): Float32Array {
  const next = seeded(seed);
  return Float32Array.from({ length: size }, () => (next(400) - 200) / 16);
}

/** What a full sort gives. */
function sorted(values: Float32Array): number[] {
  return Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b);
}

for (const size of [1, 2, 40, 128, 129, 1000, 5000]) {
  Deno.test(`descendingOrder sorts ${size} values and keeps equal ones in order`, () => {
    const values = row(size, size);
    assert.deepEqual([...descendingOrder(values, size)], sorted(values));
  });

  for (const count of [1, 2, 40, 700, 10000]) {
    Deno.test(`selectTop gives the ${count} best of ${size}`, () => {
      const values = row(size, size + count);
      const candidates = new Candidates();
      candidates.selectTop(values, count);
      const expected = sorted(values).slice(0, count);
      assert.deepEqual([...candidates.tokens.subarray(0, candidates.size)], expected);
      assert.deepEqual([...candidates.logits.subarray(0, candidates.size)], expected.map((i) => values[i]));
    });
  }
}

Deno.test("selectTop leaves out what is below the floor, impossible or no number", () => {
  const candidates = new Candidates();
  const values = new Float32Array(100).fill(-Infinity);
  values.set([1, NaN, 3, 2, -5], 50);
  candidates.selectTop(values, 10);
  assert.deepEqual([...candidates.tokens.subarray(0, candidates.size)], [52, 53, 50, 54]);
  candidates.selectTop(values, 10, 1.5);
  assert.deepEqual([...candidates.tokens.subarray(0, candidates.size)], [52, 53]);
});

Deno.test("top_p keeps the same of a whole vocabulary as of a sorted list", () => {
  for (const p of [0, 0.1, 0.5, 0.95, 0.999, 0.9999999]) {
    for (const minKeep of [0, 5, 3000]) {
      const values = row(6000, 4);
      const quick = new Candidates(), plain = new Candidates();
      quick.collect(values);
      plain.collect(values);
      plain.sort();
      topP(quick, p, minKeep);
      topP(plain, p, minKeep);
      assert.deepEqual(
        quick.tokens.subarray(0, quick.size),
        plain.tokens.subarray(0, plain.size),
        `${p} ${minKeep}`,
      );
    }
  }
});

Deno.test("min_p keeps its order on unsorted candidates", () => {
  const candidates = new Candidates();
  candidates.collect(new Float32Array([0, 3, -4, 2.9]));
  minP(candidates, 0.1, 0);
  assert.deepEqual([...candidates.tokens.subarray(0, candidates.size)], [1, 3]);
});

Deno.test("xtc asks for chance only where it is on, and acts only by chance", () => {
  const never = () => assert.fail("asked for a random number");
  const candidates = new Candidates();
  candidates.collect(row(50, 1));
  xtc(candidates, { probability: 0, threshold: 0.1, minKeep: 0 }, never);
  xtc(candidates, { probability: 1, threshold: 0.6, minKeep: 0 }, never);
  xtc(candidates, { probability: 0.3, threshold: 0.01, minKeep: 0 }, () => 0.31);
  assert.equal(candidates.size, 50);
  xtc(candidates, { probability: 0.3, threshold: 0.01, minKeep: 0 }, () => 0.3);
  assert.ok(candidates.size < 50);
});

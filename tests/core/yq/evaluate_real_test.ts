/** The language is mikefarah's: his yq is asked about the table and about random expressions. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { mikefarahYq, yqDifferences } from "../../support/mikefarah_yq.ts";
import { realTest } from "../../support/parts.ts";
import { randomDocuments, randomYq } from "../../support/random_yq.ts";
import { randomArithmetic, randomLayout, randomPattern } from "../../support/random_yq_values.ts";
import { expressions, sample } from "./expressions.ts";

// What the table says is what ours gives (evaluate_test.ts), and so what is the same in both is right.
realTest(
  "every expression of the table gives what yq gives, of either format",
  mikefarahYq,
  async (program) => {
    const words = Object.values(expressions).flat().map(([expression]) => expression);
    assert.deepEqual(await yqDifferences(program, words, sample, "yaml"), []);
    assert.deepEqual(await yqDifferences(program, words, JSON.stringify(parse(sample)), "json"), []);
  },
);

realTest("random expressions give the same, or fail in both", mikefarahYq, async (program) => {
  for (const [i, yaml] of randomDocuments.entries()) {
    for (const format of ["yaml", "json"] as const) {
      const document = format === "yaml" ? yaml : JSON.stringify(parse(yaml), null, 2);
      const seeds = Array.from({ length: 100 }, (_, n) => n * 8 + i * 2 + Number(format === "json"));
      assert.deepEqual(await yqDifferences(program, seeds.map(randomYq), document, format), []);
    }
  }
});

realTest("random texts, patterns and numbers give the same", mikefarahYq, async (program) => {
  for (const random of [randomLayout, randomPattern, randomArithmetic]) {
    for (let seed = 0; seed < 200; seed++) {
      const { expression, document, format } = random(seed);
      assert.deepEqual(await yqDifferences(program, [expression], document, format), [], document);
    }
  }
});

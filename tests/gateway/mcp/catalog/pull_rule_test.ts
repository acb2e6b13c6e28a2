/** When `catalog show --pull` pulls. */
import assert from "node:assert/strict";
import { parsePullRules, type PullState, wantsPull } from "../../../../gateway/mcp/catalog/pull_rule.ts";

const hour = 3_600_000;
const absent = { present: false, pulledBefore: false };
const removed = { present: false, pulledBefore: true };
const fresh = { present: true, age: 1, pulledBefore: true };
const old = { present: true, age: 25 * hour, pulledBefore: true };
const made = { present: true, pulledBefore: false };

const cases: [rules: string, wanted: PullState[], unwanted: PullState[]][] = [
  ["", [], [absent, removed, fresh, old, made]],
  ["never", [], [absent, removed, fresh, old, made]],
  ["missing", [absent, removed], [fresh, old, made]],
  ["always", [absent, removed, fresh, old, made], []],
  ["initial", [absent], [removed, fresh, old, made]],
  ["exists", [fresh, old, made], [absent, removed]],
  ["1d", [absent, removed, old], [fresh, made]],
  ["30h", [absent], [old, fresh]],
  ["1h30m", [absent, old], [fresh]],
  ["always@1d", [absent, old], [fresh]],
  ["initial+exists@6h", [absent, old], [removed, fresh]],
];

for (const [text, wanted, unwanted] of cases) {
  Deno.test(`--pull ${text || "(empty)"}`, () => {
    const rules = parsePullRules(text);
    for (const state of wanted) assert.equal(wantsPull(rules, state), true, JSON.stringify(state));
    for (const state of unwanted) assert.equal(wantsPull(rules, state), false, JSON.stringify(state));
  });
}

for (const text of ["sometimes", "6", "1y", "-1h", "exists@", "sometimes@1h", "exists@1h@2h"]) {
  Deno.test(`--pull ${text} is refused`, () => {
    assert.throws(() => parsePullRules(text), { code: "usage" });
  });
}

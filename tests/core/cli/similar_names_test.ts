/** What was meant by a word that is no name. */
import assert from "node:assert/strict";
import { similarNames } from "../../../core/cli/similar_names.ts";

const names = ["git", "github-official", "duckduckgo", "fetch", "postgres", "playwright", "redis", "time"];

const cases: [word: string, meant: string[]][] = [
  ["DuckDuckGo", ["duckduckgo"]],
  ["duckduck", ["duckduckgo"]],
  ["githb", ["github-official"]],
  ["github", ["github-official"]],
  ["gti", ["git"]],
  ["git", ["git", "github-official"]],
  ["postgre", ["postgres"]],
  ["playwrite", ["playwright"]],
  ["fecth", ["fetch"]],
  ["tiem", ["time"]],
  ["zzzz", []],
  ["a", []],
];

for (const [word, meant] of cases) {
  Deno.test(`"${word}" means ${meant.join(", ") || "nothing"}`, () => {
    assert.deepEqual(similarNames(word, names), meant);
  });
}

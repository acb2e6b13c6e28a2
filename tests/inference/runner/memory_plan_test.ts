import { deepStrictEqual as equal, match, ok } from "node:assert";
import {
  type MemoryNeed,
  neededBytes,
  outOfMemory,
  planMemory,
} from "../../../inference/runner/memory_plan.ts";

const gib = 2 ** 30;
const need: MemoryNeed = {
  weights: 4 * gib,
  cache: (tokens) => tokens * 128 * 1024,
  contextTokens: 131_072,
  explicit: false,
};

Deno.test("planMemory gives the wanted context, or the largest that fits", () => {
  equal(planMemory(need, 128 * gib)?.contextTokens, 131_072);
  for (const [available, context] of [[4.5, 1024], [5, 5120], [8, 16_384], [16, 32_768]]) {
    const { contextTokens, bytes } = planMemory(need, available * gib)!;
    ok(bytes <= available * gib && neededBytes(need, contextTokens) === bytes);
    ok(Math.abs(contextTokens - context) <= 512, `${available} GiB: ${contextTokens}`);
  }
  equal(planMemory(need, 4 * gib), undefined);
});

Deno.test("planMemory does not shrink what the user asked for", () => {
  equal(planMemory({ ...need, explicit: true }, 12 * gib), undefined);
  const error = outOfMemory("ai/big", { ...need, explicit: true }, 12 * gib);
  equal(error.code, "out_of_memory");
  equal(
    error.message,
    "ai/big with a context of 131072 tokens needs 20.3 GiB; 12.0 GiB of memory are available",
  );
  match(error.hint!, /A context of \d+ tokens fits/);
});

/** Work that several wait for goes on as long as one of them does. */
import { equal, rejects } from "node:assert/strict";
import { SharedWork } from "../../../../gateway/mcp/servers/shared_work.ts";

const left = new Error("left");

/** Work that ends when the test says so, or with its signal. */
function begin() {
  const end = Promise.withResolvers<number>();
  const work = new SharedWork((signal) => {
    signal.addEventListener("abort", () => end.reject(signal.reason));
    return end.promise;
  });
  return { work, end };
}

Deno.test("whoever leaves first takes the work from nobody else", async () => {
  const { work, end } = begin();
  const first = new AbortController();
  const leaving = work.wait(first.signal);
  const staying = work.wait(new AbortController().signal);
  first.abort(left);
  await rejects(leaving, left);
  equal(work.isGivenUp, false);
  end.resolve(7);
  equal(await staying, 7);
});

Deno.test("the work is aborted when the last one has left", async () => {
  const { work } = begin();
  const leave = new AbortController();
  const leaving = [work.wait(leave.signal), work.wait(leave.signal)];
  leave.abort(left);
  for (const one of leaving) await rejects(one, left);
  equal(work.isGivenUp, true);
  await rejects(work.done, { name: "AbortError" });
});

Deno.test("what the work fails of is told to all who wait", async () => {
  const { work, end } = begin();
  const waiting = [1, 2].map(() => work.wait(new AbortController().signal));
  end.reject(new Error("no such image"));
  for (const one of waiting) await rejects(one, /no such image/);
});

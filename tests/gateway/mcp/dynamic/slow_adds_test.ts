/** Servers that take long to add: which call gets the answer, and what ends the work. */
import assert from "node:assert/strict";
import { SlowAdds } from "../../../../gateway/mcp/dynamic/slow_adds.ts";
import type { CallToolResult } from "../../../../gateway/mcp/sdk.ts";

const added: CallToolResult = { content: [{ type: "text", text: "added" }] };
const long = 2 ** 30;

function begun(patience: number) {
  const session = new AbortController();
  const adds = new SlowAdds(session.signal, patience);
  const answer = Promise.withResolvers<CallToolResult>();
  let works = 0;
  let workSignal!: AbortSignal;
  const begin = () =>
    adds.begin("s", (signal) => {
      works++;
      workSignal = signal;
      return answer.promise;
    });
  begin();
  return { adds, answer, begin, session, works: () => works, isAborted: () => workSignal.aborted };
}

Deno.test("in time: the call gets the answer, and the next one begins anew", async () => {
  const { adds, answer, begin, works } = begun(long);
  begin();
  assert.equal(works(), 1, "it is under way");
  const call = adds.wait("s", new AbortController().signal);
  answer.resolve(added);
  assert.equal(await call, added);
  assert.equal(adds.has("s"), false);
});

Deno.test("late: the call is over, the work goes on, and the next call has its answer", async () => {
  const { adds, answer, isAborted } = begun(1);
  const call = new AbortController();
  assert.equal(await adds.wait("s", call.signal), undefined);
  call.abort(new Error("its connection is gone"));
  await Promise.resolve();
  assert.equal(isAborted(), false);
  answer.resolve(added);
  assert.equal(await adds.wait("s", new AbortController().signal), added);
  assert.equal(adds.has("s"), false);
});

Deno.test("late, and the session ends: the work ends", async () => {
  const { adds, session, isAborted } = begun(1);
  const call = new AbortController();
  assert.equal(await adds.wait("s", call.signal), undefined);
  call.abort();
  session.abort();
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(isAborted(), true);
});

Deno.test("cancelled: the work ends when nobody else waits for it", async () => {
  const { adds, answer, isAborted } = begun(long);
  const [one, other] = [new AbortController(), new AbortController()];
  const calls = [adds.wait("s", one.signal), adds.wait("s", other.signal)];
  one.abort(new Error("cancelled"));
  await assert.rejects(calls[0], /cancelled/);
  assert.deepEqual([isAborted(), adds.has("s")], [false, true]);
  other.abort(new Error("cancelled, too"));
  await assert.rejects(calls[1], /cancelled, too/);
  assert.deepEqual([isAborted(), adds.has("s")], [true, false]);
  answer.resolve(added);
});

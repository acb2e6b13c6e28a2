/** Waiting for something that a session's end makes pointless. */
import { equal, rejects } from "node:assert/strict";
import { abortable } from "../../../gateway/mcp/abortable.ts";

const over = new Error("over");

Deno.test("what fails after the end has come is nobody's unhandled error", async () => {
  const failing = Promise.withResolvers<never>();
  await rejects(abortable(failing.promise, AbortSignal.abort(over)), over);
  failing.reject(new Error("late"));
  await new Promise((resolve) => setTimeout(resolve, 0)); // an unhandled rejection would fail the file
});

Deno.test("what comes first is what is told", async () => {
  const abort = new AbortController();
  equal(await abortable(Promise.resolve(7), abort.signal), 7);
  await rejects(abortable(Promise.reject(new Error("failed")), abort.signal), /failed/);
  const waiting = abortable(new Promise(() => {}), abort.signal);
  abort.abort(over);
  await rejects(waiting, over);
});

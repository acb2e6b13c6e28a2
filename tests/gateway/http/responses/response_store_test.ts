/** How long responses are kept, and how many. */
import { deepStrictEqual as equal, throws } from "node:assert/strict";
import { ResponseStore } from "../../../../gateway/http/responses/response_store.ts";
import { ResponseWriter } from "../../../../gateway/http/responses/response_writer.ts";

function stored(id: string, text = "hi") {
  const head = { id, createdAt: 1, fields: { model: "m", input: text } };
  const writer = new ResponseWriter(head, { tools: [], summary: false, sealed: false, logprobs: false });
  const input = [{ id: `${id}_in`, type: "message", role: "user", content: text }];
  return { writer, input, history: [], cancel: () => {} };
}

Deno.test("responses are kept for an hour", () => {
  let now = 0;
  const store = new ResponseStore(() => now);
  store.add(stored("a"));
  now = 1_800_000;
  store.add(stored("b"));
  now = 3_599_999;
  equal([store.find("a") !== undefined, store.item("a_in")?.content], [true, "hi"]);
  now = 3_600_000;
  equal([store.find("a"), store.find("b") !== undefined], [undefined, true]);
  throws(() => store.get("a"), { code: "not_found" });
});

Deno.test("the oldest go when they are too large together; the newest stays", () => {
  const store = new ResponseStore(() => 0);
  const large = "x".repeat(40 * 1024 * 1024);
  store.add(stored("a", large));
  store.add(stored("b"));
  equal([store.find("a") !== undefined, store.find("b") !== undefined], [true, true]);
  store.add(stored("c", large));
  equal(["a", "b", "c"].map((id) => store.find(id) !== undefined), [false, true, true]);
  store.add(stored("d", large + large));
  equal(["b", "c", "d"].map((id) => store.find(id) !== undefined), [false, false, true]);
});

Deno.test("answers count, and what is deleted does not", () => {
  const store = new ResponseStore(() => 0);
  const answered = stored("a");
  const item = { id: "msg_1", type: "message" as const, content: "x".repeat(60 * 1024 * 1024) };
  answered.writer.state.output.push(item);
  store.add(answered);
  store.add(stored("b", "x".repeat(8 * 1024 * 1024)));
  equal(store.item("msg_1"), item);
  store.finished("a");
  equal([store.find("a"), store.find("b") !== undefined], [undefined, true]);
  store.delete("b");
  store.finished("b");
  store.add(stored("c", "x".repeat(60 * 1024 * 1024)));
  store.add(stored("d"));
  equal(store.find("c") !== undefined, true);
});

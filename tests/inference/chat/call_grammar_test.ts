/** What constrains an answer, for each way of asking. */
import assert from "node:assert/strict";
import { literal, textUntil } from "../../../inference/chat/call_grammar.ts";
import { type ChatFormatOptions, openChatFormat } from "../../../inference/chat/mod.ts";
import type { ChatRequest, Tool } from "../../../inference/chat/request.ts";

const hermes =
  "{% for t in tools or [] %}{{ t | tojson }}{% endfor %}{% for m in messages %}{{ m.content }}" +
  "{% for c in m.tool_calls or [] %}<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}{% endfor %}";
const tools: Tool[] = [
  { name: "f", parameters: { type: "object", properties: { a: { type: "integer" } } } },
  { name: "g" },
];

function constraint(chat: Partial<ChatRequest>, options: Partial<ChatFormatOptions> = {}) {
  const format = openChatFormat({ template: hermes, architecture: "x", controlTokens: [], ...options });
  const { constraint } = format.render({ messages: [{ role: "user", content: "U" }], ...chat });
  if (!constraint) return undefined;
  const { spec, triggers } = constraint;
  return { ...spec as { kind: string; grammar?: string; schemas?: Record<string, unknown> }, triggers };
}
const rule = (made: { grammar?: string } | undefined, name: string) =>
  made?.grammar?.split("\n").find((line) => line.startsWith(`${name} ::=`));

Deno.test("auto constrains calls once one has begun", () => {
  const made = constraint({ tools });
  assert.deepEqual(made?.triggers, ["<tool_call>"]);
  assert.equal(rule(made, "root"), "root ::= calls");
  assert.equal(rule(made, "call"), "call ::= call-0 | call-1");
  assert.deepEqual(made?.schemas, { "arguments-0": tools[0].parameters, "arguments-1": { type: "object" } });
});

Deno.test("required and named begin with a call", () => {
  assert.match(rule(constraint({ tools, toolChoice: "required" }), "root")!, /"<tool_call>" calls$/);
  const named = constraint({ tools, toolChoice: { name: "g" } });
  assert.equal(named?.triggers, undefined);
  assert.equal(rule(named, "call"), "call ::= call-0");
  assert.deepEqual(named?.schemas, { "arguments-0": { type: "object" } });
});

Deno.test("without parallel calls there is one", () => {
  assert.match(rule(constraint({ tools, parallelToolCalls: true }), "calls")!, /\)\*/);
  assert.doesNotMatch(rule(constraint({ tools, parallelToolCalls: false }), "calls")!, /\*/);
});

Deno.test("a wanted format is passed on, after the reasoning where there is some", () => {
  const spec = { kind: "json_schema" as const, schema: { type: "object" } };
  assert.deepEqual(constraint({ constraint: spec }), { ...spec, triggers: undefined });
  const thinking = constraint({ constraint: spec }, { template: hermes + "<think>" });
  assert.match(rule(thinking, "root")!, /^root ::= thoughts space \(/);
  assert.deepEqual(thinking?.schemas, { answer: { type: "object" } });
  const gbnf = { kind: "gbnf" as const, grammar: 'root ::= "x"' };
  assert.deepEqual(constraint({ constraint: gbnf }, { template: hermes + "<think>" })?.triggers, [
    "</think>",
  ]);
});

Deno.test("a model without a format of its own is held to the envelope", () => {
  const made = constraint({ tools }, { template: undefined });
  assert.equal(made?.triggers, undefined);
  assert.match(rule(made, "root")!, /\(calls \| "\{" space "\\"response\\""/);
  assert.deepEqual(made?.schemas?.answer, { type: "string" });
});

Deno.test("control tokens in a grammar are named, not spelled", () => {
  const controlTokens = ["<tool_call>", "</tool_call>"];
  const named = constraint({ tools, toolChoice: "required" }, { controlTokens });
  assert.match(rule(named, "root")!, / <tool_call> calls$/);
  const tokenId = (text: string) => controlTokens.indexOf(text) + 7;
  const byId = constraint({ tools, toolChoice: "required" }, { controlTokens, tokenId });
  assert.match(rule(byId, "root")!, / <\[7\]> calls$/);
  assert.match(rule(byId, "call-1")!, / <\[8\]>$/);
});

Deno.test("literals are escaped, and texts end at the first occurrence of their end", () => {
  assert.equal(literal('a"\\\n'), '"a\\"\\\\\\n"');
  assert.deepEqual(textUntil("t", "aab"), [
    't ::= "a" t-1 | [^a] t',
    't-1 ::= "a" t-2 | [^a] t',
    't-2 ::= "a" t-2 | "b" | [^ab] t',
  ]);
});

/** Every template that llama.cpp carries, against Python's Jinja. */
import assert from "node:assert/strict";
import { controlTokens, promptPieces } from "../../../inference/chat/prompt_pieces.ts";
import type { Tool } from "../../../inference/chat/request.ts";
import { compileTemplate } from "../../../inference/chat/template/template.ts";
import { realTest } from "../../support/parts.ts";
import { pythonJinja } from "../../support/python_jinja.ts";
import { templates } from "./templates.ts";

const tool: Tool = {
  name: "get_weather",
  description: 'Weather "now" <b>',
  parameters: {
    type: "object",
    properties: {
      city: { type: "string", description: "City's name" },
      days: { type: "integer", description: "How many" },
    },
    required: ["city"],
  },
};
const templateTool = { type: "function", function: tool };
const call = (args: unknown) => ({
  id: "abcdefghi",
  type: "function",
  function: { name: "get_weather", arguments: args },
});
const user = (content: unknown) => ({ role: "user", content });
const args = { city: 'Rome "x" ünï', days: 3 };
const result = { role: "tool", tool_call_id: "abcdefghi", name: "get_weather", content: "22 °C" };
const withCall = (content: unknown, args: unknown) => [
  { role: "system", content: " Be brief. " },
  user("Hi"),
  { role: "assistant", content, tool_calls: [call(args)] },
  result,
  { role: "assistant", content: "It is **22**." },
  user("Thanks </think> <|x|> "),
];

const conversations: Record<string, Record<string, unknown>> = {
  simple: { messages: [user('Hi "there" <x>\n ')] },
  turns: {
    messages: [{ role: "system", content: "Sys" }, user("1"), { role: "assistant", content: "2" }, user("3")],
  },
  typed: { messages: [user([{ type: "text", text: "typed" }])] },
  tools: { messages: withCall("", args), tools: [templateTool] },
  toolsText: { messages: withCall(null, JSON.stringify(args)), tools: [templateTool] },
  thinkingOff: { messages: [user("Hi")], enable_thinking: false, thinking: false },
  thinkingOn: { messages: [user("Hi")], enable_thinking: true, thinking: true },
  reasoning: {
    messages: [
      user("Hi"),
      { role: "assistant", content: "<think>\nhm\n</think>\n\nHello", reasoning_content: "hm" },
      user("More"),
      { role: "assistant", content: "", reasoning_content: "call it", tool_calls: [call(args)] },
      result,
    ],
    tools: [templateTool],
  },
};

/** Where ours is meant to differ: Jinja's `safe` makes what is joined to it escape HTML. */
const differs = new Set([
  "meetkai-functionary-medium-v3.1 tools",
  "meetkai-functionary-medium-v3.1 toolsText",
  "meetkai-functionary-medium-v3.1 reasoning",
]);

realTest("renders every template as Python's Jinja does", async () => ({
  templates: await templates(),
  jinja: await pythonJinja(),
}), async ({ templates, jinja }) => {
  const more = {
    bos_token: "<s>",
    eos_token: "</s>",
    add_generation_prompt: true,
    documents: null,
    tools: null,
  };
  const cases = [...templates].flatMap(([name, template]) =>
    Object.entries(conversations).map(([kind, conversation]) => ({
      name: `${name} ${kind}`,
      template,
      variables: { ...more, ...conversation },
    }))
  );
  const answers = await jinja(cases);
  const control = controlTokens([
    "<s>",
    "</s>",
    "<|im_start|>",
    "<|im_end|>",
    "<|eot_id|>",
    "[INST]",
    "<think>",
  ]);
  const wrong: string[] = [];
  let equal = 0;
  for (const [i, { name, template, variables }] of cases.entries()) {
    const expected = answers[i].text;
    if (expected === undefined || differs.has(name)) continue;
    const ours = rendered(template, variables);
    const text = ours instanceof Error
      ? ours.message
      : promptPieces(ours, control).map((p) => p.text).join("");
    if (text === expected) equal++;
    else wrong.push(`${name}: ${firstDifference(expected, text)}`);
  }
  console.log(
    `${equal} renderings of ${templates.size} templates equal, ${
      cases.length - equal - wrong.length
    } refused`,
  );
  assert.deepEqual(wrong, []);
});

function rendered(template: string, variables: Record<string, unknown>): string | Error {
  try {
    return compileTemplate(template).run(variables);
  } catch (error) {
    return error as Error;
  }
}

function firstDifference(expected: string, actual: string): string {
  let at = 0;
  while (at < expected.length && expected[at] === actual[at]) at++;
  const near = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 40), at + 60));
  return `${near(expected)} is ${near(actual)}`;
}

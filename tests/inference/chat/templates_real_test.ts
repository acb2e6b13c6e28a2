/** Every template that llama.cpp carries, against Python's Jinja, and its calls read back by its family. */
import assert from "node:assert/strict";
import { controlTokens, promptPieces } from "../../../inference/chat/prompt_pieces.ts";
import { familyOf } from "../../../inference/chat/families/select.ts";
import { openChatFormat } from "../../../inference/chat/mod.ts";
import type { ChatMessage, ChatRequest, Tool } from "../../../inference/chat/request.ts";
import { compileTemplate } from "../../../inference/chat/template/template.ts";
import { llamaSourceModels } from "../../support/models.ts";
import { realTest } from "../../support/parts.ts";
import { pythonJinja } from "../../support/python_jinja.ts";
import { assemble, read } from "./answers.ts";

async function templates(): Promise<Map<string, string>> {
  const folder = `${await llamaSourceModels()}/models/templates`;
  const found = new Map<string, string>();
  for (const { name } of [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1)) {
    if (name.endsWith(".jinja")) found.set(name.slice(0, -6), await Deno.readTextFile(`${folder}/${name}`));
  }
  assert.ok(found.size >= 34, `${found.size} templates`);
  return found;
}

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

/** Formats of calls that are not read: tools work there by the model's good will only. */
const unread = ["Kimi-K3", "MiniMax-M3", "muse-glimmer", "openbmb-MiniCPM5-1B", "tencent-Hy3"];

realTest("reads back the calls that a template writes", templates, (templates) => {
  const report: string[] = [];
  for (const [name, template] of templates) {
    if (unread.includes(name)) continue;
    const outcome = roundTrip(template);
    if (outcome !== undefined) report.push(`${name} (${familyOf(template).name}): ${outcome}`);
  }
  assert.deepEqual(report, []);
});

/** Undefined when the call came back, or when the template does not write what a model would. */
function roundTrip(template: string): string | undefined {
  const format = openChatFormat({
    template,
    architecture: "x",
    bosText: "<s>",
    eosText: "</s>",
    controlTokens: [],
  });
  const ask: ChatMessage = { role: "user", content: "Hi" };
  const chat: ChatRequest = { messages: [ask], tools: [tool] };
  const called: ChatMessage = {
    role: "assistant",
    content: "",
    toolCalls: [{ id: "abcdefghi", name: tool.name, arguments: '{"city": "Rome", "days": 3}' }],
  };
  const text = (messages: ChatMessage[]) => {
    return format.render({ ...chat, messages }).pieces.map((piece) => piece.text).join("");
  };
  const end = { role: "tool" as const, content: "22 degrees", toolCallId: "abcdefghi", name: tool.name };
  const prompt = text([ask]);
  const whole = text([ask, called, end]);
  const answer = whole.slice(answerStart(prompt, whole), whole.indexOf("22 degrees"));
  const outcomes = [true, false].map((startsInReasoning) => {
    const rendered = format.render(chat);
    const parser = format.parser(chat, {
      ...rendered,
      startsInReasoning: rendered.startsInReasoning && startsInReasoning,
    });
    const said = assemble(read(parser, [answer]));
    const call = said.calls[0];
    const back = call && `${call.name} ${JSON.stringify(tryJson(call.arguments))}`;
    return back === 'get_weather {"city":"Rome","days":3}'
      ? undefined
      : `${JSON.stringify(answer)} gave ${JSON.stringify(said)}`;
  });
  return outcomes.includes(undefined) ? undefined : outcomes[0];
}

/** Where the answer begins: after what both have in common, but not inside a marker. */
function answerStart(prompt: string, whole: string): number {
  let at = 0;
  while (at < prompt.length && prompt[at] === whole[at]) at++;
  const marker = whole.lastIndexOf("<", at);
  return at - marker < 20 && !whole.slice(marker, at).includes(">") ? marker : at;
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

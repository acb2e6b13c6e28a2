/** Tool calls as the templates of llama.cpp write them: read back, and allowed by the grammars that enforce them. */
import assert from "node:assert/strict";
import { familyOf } from "../../../inference/chat/families/select.ts";
import { type ChatFormatOptions, openChatFormat } from "../../../inference/chat/mod.ts";
import type { ChatFormat } from "../../../inference/chat/format.ts";
import type { ChatMessage, ChatRequest, Tool } from "../../../inference/chat/request.ts";
import { openGguf } from "../../../inference/gguf/mod.ts";
import { compileConstraint } from "../../../inference/sampling/grammar/mod.ts";
import type { CompiledConstraint } from "../../../inference/sampling/options.ts";
import { openTokenizer } from "../../../inference/tokenizer/mod.ts";
import { llamaSourceModels } from "../../support/models.ts";
import { realTest } from "../../support/parts.ts";
import { assemble, read } from "./answers.ts";
import { templates } from "./templates.ts";

const tool: Tool = {
  name: "get_weather",
  description: "Weather of a city",
  parameters: {
    type: "object",
    properties: { city: { type: "string" }, days: { type: "integer" } },
    required: ["city", "days"],
  },
};

/** Formats of calls that are not read: tools work there by the model's good will only. */
const unread = ["Kimi-K3", "MiniMax-M3", "muse-glimmer", "openbmb-MiniCPM5-1B", "tencent-Hy3"];

const open = (template: string, more: Partial<ChatFormatOptions> = {}): ChatFormat =>
  openChatFormat({
    template,
    architecture: "x",
    bosText: "<s>",
    eosText: "</s>",
    controlTokens: [],
    ...more,
  });
const chat: ChatRequest = { messages: [{ role: "user", content: "Hi" }], tools: [tool] };

realTest("reads back the calls that a template writes", templates, (templates) => {
  const failed: string[] = [];
  for (const [name, template] of templates) {
    if (unread.includes(name)) continue;
    const format = open(template);
    const answer = writtenCall(format);
    const said = [true, false].map((inReasoning) => readCall(format, answer, inReasoning));
    if (!said.includes(wanted)) {
      failed.push(`${name} (${familyOf(template).name}): ${JSON.stringify(answer)} gave ${said}`);
    }
  }
  assert.deepEqual(failed, []);
});

const wanted = 'get_weather {"city":"Rome","days":3}';

/** What the template writes as the assistant's turn, up to the tool's result. */
function writtenCall(format: ChatFormat): string {
  const called: ChatMessage = {
    role: "assistant",
    content: "",
    toolCalls: [{ id: "abcdefghi", name: tool.name, arguments: '{"city": "Rome", "days": 3}' }],
  };
  const result: ChatMessage = {
    role: "tool",
    content: "22 degrees",
    toolCallId: "abcdefghi",
    name: tool.name,
  };
  const text = (messages: ChatMessage[]) =>
    format.render({ ...chat, messages }).pieces.map((piece) => piece.text).join("");
  const whole = text([...chat.messages, called, result]);
  return whole.slice(answerStart(text(chat.messages), whole), whole.indexOf("22 degrees"));
}

/** Where the answer begins: after what both have in common, but not inside a marker. */
function answerStart(prompt: string, whole: string): number {
  let at = 0;
  while (at < prompt.length && prompt[at] === whole[at]) at++;
  const marker = whole.lastIndexOf("<", at);
  return at - marker < 20 && !whole.slice(marker, at).includes(">") ? marker : at;
}

function readCall(format: ChatFormat, answer: string, inReasoning: boolean): string {
  const rendered = format.render(chat);
  const startsInReasoning = rendered.startsInReasoning && inReasoning;
  const said = assemble(read(format.parser(chat, { ...rendered, startsInReasoning }), [answer]));
  const [call] = said.calls;
  return call ? `${call.name} ${JSON.stringify(tryJson(call.arguments))}` : JSON.stringify(said);
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What they write of an earlier call is not what the model is made to write: quotes, another order, an envelope. */
const otherwise = [
  "LFM2.5-8B-A1B",
  "deepseek-ai-DeepSeek-R1-Distill-Llama-8B",
  "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B",
  "deepseek-ai-DeepSeek-V3.1",
  "openai-gpt-oss-120b",
];

/** A vocabulary without any of the markers, so that grammars spell them out. */
async function gpt2() {
  return openTokenizer(await openGguf(`${await llamaSourceModels()}/models/ggml-vocab-gpt-2.gguf`));
}

realTest("the grammars of required calls allow what the templates write", async () => ({
  templates: await templates(),
  tokenizer: await gpt2(),
}), ({ templates, tokenizer }) => {
  const failed: string[] = [];
  for (const [name, template] of templates) {
    const format = open(template);
    const rendered = format.render({ ...chat, toolChoice: "required" });
    if (unread.includes(name) || otherwise.includes(name) || !rendered.constraint) continue;
    const compiled = compileConstraint(rendered.constraint.spec, tokenizer);
    const { text, complete } = longestAllowed(compiled, forcedAnswer(format), tokenizer.special.eos!);
    if (!complete) failed.push(`${name} (${format.family}) stops after ${JSON.stringify(text)}`);
  }
  assert.deepEqual(failed, []);
});

/** The call that the template writes, after some reasoning where the prompt has opened it. */
function forcedAnswer(format: ChatFormat): string {
  const rendered = format.render(chat);
  const answer = writtenCall(format);
  const from = answer.indexOf(rendered.constraint?.triggers?.[0] ?? "");
  return (rendered.startsInReasoning ? `hm${rendered.visibleTokens[1]}` : "") +
    answer.slice(Math.max(0, from));
}

/** [template, what its model writes, the request] */
const allowed: [template: string, said: string, request: Partial<ChatRequest>][] = [
  [
    "openai-gpt-oss-120b",
    "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary to=functions.get_weather " +
    '<|constrain|>json<|message|>{"city": "Rome", "days": 3}<|call|>',
    { toolChoice: "required" },
  ],
  [
    "openai-gpt-oss-120b",
    '<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>{"a": 1}',
    { toolChoice: "none", constraint: { kind: "json_object" } },
  ],
  [
    "LFM2.5-8B-A1B",
    '<|tool_call_start|>[get_weather(city="Rome", days=3)]<|tool_call_end|>',
    { toolChoice: "required" },
  ],
  [
    "deepseek-ai-DeepSeek-V3.1",
    '{"tool_calls": [{"name": "get_weather", "arguments": {"city": "Rome", "days": 3}}]}',
    {},
  ],
  ["google-gemma-2-2b-it", '{"response": "It is \\"22\\"."}', {}],
  ["Qwen-Qwen3-0.6B", '<think>\nhm < b </thin\n</think>\n\n{"a": 1}', {
    constraint: { kind: "json_object" },
  }],
  [
    "Qwen-Qwen3-0.6B",
    '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome", "days": 3}}\n</tool_call>',
    { constraint: { kind: "json_object" } },
  ],
];

realTest("the grammars allow what models write", async () => ({
  templates: await templates(),
  tokenizer: await gpt2(),
}), ({ templates, tokenizer }) => {
  for (const [name, said, request] of allowed) {
    const { constraint } = open(templates.get(name)!).render({ ...chat, ...request });
    assert.ok(constraint, name);
    const state = compileConstraint(constraint.spec, tokenizer).start(said);
    assert.ok(state?.allows(tokenizer.special.eos!), `${name} ${said}\n${JSON.stringify(constraint.spec)}`);
  }
});

/** As much of the text as a constraint allows, and whether the answer may end within its last white space. */
function longestAllowed(compiled: CompiledConstraint, text: string, eos: number) {
  let low = 0, high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (compiled.start(text.slice(0, middle))) low = middle;
    else high = middle - 1;
  }
  for (let length = low; length > Math.max(0, low - 40); length--) {
    if (compiled.start(text.slice(0, length))?.allows(eos)) {
      return { text: text.slice(0, low), complete: true };
    }
  }
  return { text: text.slice(0, low), complete: false };
}

realTest("no template makes control tokens of what a user wrote", templates, (templates) => {
  const marker = /<[|｜]?[\w▁: -]{2,30}[|｜]?>|\[\/?[A-Z_]{3,20}\]/g;
  for (const [name, template] of templates) {
    const controlTokens = [...new Set(template.match(marker) ?? []), "<s>", "</s>"];
    const format = open(template, { controlTokens });
    const count = (content: string) => {
      const messages: ChatMessage[] = [
        { role: "system", content },
        { role: "user", content },
        {
          role: "assistant",
          content: "",
          toolCalls: [{ id: content, name: tool.name, arguments: JSON.stringify({ city: content }) }],
        },
        { role: "tool", content, toolCallId: content, name: tool.name },
        { role: "assistant", content },
        { role: "user", content },
      ];
      const tools = [{ ...tool, description: content }];
      const { pieces } = format.render({ messages, tools });
      const trusted = pieces.filter((piece) => piece.trusted).map((piece) => piece.text).join("\u0000");
      return controlTokens.map((token) => trusted.split(token).length - 1);
    };
    for (const token of controlTokens) {
      if (/think/i.test(token)) continue; // templates look for reasoning in a turn and cut it out
      assert.deepEqual(count(`a${token}b`), count("a-b"), `${name} ${token}`);
    }
  }
});

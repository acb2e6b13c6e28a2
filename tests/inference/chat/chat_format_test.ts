/** From requests to prompts: roles, tools, reasoning and what templates cannot express. */
import assert from "node:assert/strict";
import type { SkiffError } from "../../../core/errors/skiff_error.ts";
import { type ChatFormatOptions, openChatFormat } from "../../../inference/chat/mod.ts";
import type { ChatMessage, ChatRequest, Tool } from "../../../inference/chat/request.ts";
import { assemble, read } from "./answers.ts";

const open = (options: Partial<ChatFormatOptions> = {}) =>
  openChatFormat({ architecture: "x", bosText: "<s>", eosText: "</s>", controlTokens: [], ...options });

const prompt = (options: Partial<ChatFormatOptions>, chat: ChatRequest) =>
  open(options).render(chat).pieces.map((piece) => piece.text).join("");

const says = (role: ChatMessage["role"], content: string): ChatMessage => ({ role, content });
const user = (content: string) => says("user", content);
const tool: Tool = { name: "f", description: "Does", parameters: { type: "object", properties: {} } };
const call = (id: string, args = "{}") => ({ id, name: "f", arguments: args });

const chatml = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}" +
  "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
const thinker = chatml +
  "{% if add_generation_prompt %}{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n" +
  "{% else %}<think>\n{% endif %}{% endif %}";
const withTools = "{% if tools %}TOOLS {{ tools | tojson }}\n{% endif %}" +
  "{% for m in messages %}[{{ m.role }}]{% if m.tool_calls %}{% if m.tool_calls | length > 1 %}" +
  "{{ raise_exception('Only one call at once') }}{% endif %}{% for c in m.tool_calls %}<tool_call>{{ c.id }}:" +
  "{{ c.function.name }}{{ c.function.arguments | tojson }}</tool_call>{% endfor %}{% endif %}{{ m.content }}{% endfor %}";

const prompts: { name: string; options: Partial<ChatFormatOptions>; messages: ChatMessage[]; is: string }[] =
  [
    {
      name: "ChatML where nothing is known",
      options: {},
      messages: [says("system", "S"), user("U")],
      is: "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n",
    },
    {
      name: "llama 2 by architecture",
      options: { architecture: "llama" },
      messages: [says("system", "S"), user("U"), says("assistant", "A"), user("V")],
      is: "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nU [/INST] A </s><s>[INST] V [/INST]",
    },
    {
      name: "llama 3 by its control tokens",
      options: { architecture: "llama", controlTokens: ["<|start_header_id|>"] },
      messages: [user("U")],
      is:
        "<s><|start_header_id|>user<|end_header_id|>\n\nU<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    },
    {
      name: "gemma takes system text into the user's turn, wherever it stands",
      options: { architecture: "gemma3" },
      messages: [says("system", "S"), user("U"), says("assistant", "A"), says("system", "T"), user("V")],
      is: "<s><start_of_turn>user\nS\n\nU<end_of_turn>\n<start_of_turn>model\nA<end_of_turn>\n" +
        "<start_of_turn>user\nT\n\nV<end_of_turn>\n<start_of_turn>model\n",
    },
    {
      name: "gemma merges turns of one role",
      options: { architecture: "gemma3" },
      messages: [user("1"), user("2")],
      is: "<s><start_of_turn>user\n1\n\n2<end_of_turn>\n<start_of_turn>model\n",
    },
    {
      name: "developer becomes system, in the middle too; leading ones are one",
      options: { template: chatml },
      messages: [says("system", "S"), says("developer", "D"), user("U"), says("developer", "E"), user("V")],
      is:
        "<|im_start|>system\nS\n\nD<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>system\nE<|im_end|>\n" +
        "<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\n",
    },
    {
      name: "system text behind the user's stands in that turn, at the end",
      options: { architecture: "gemma3" },
      messages: [user("U"), says("system", "S")],
      is: "<s><start_of_turn>user\nS\n\nU<end_of_turn>\n<start_of_turn>model\n",
    },
    {
      name: "and stays there when the conversation has grown",
      options: { architecture: "gemma3" },
      messages: [user("U"), says("system", "S"), says("assistant", "A"), user("V")],
      is: "<s><start_of_turn>user\nS\n\nU<end_of_turn>\n<start_of_turn>model\nA<end_of_turn>\n" +
        "<start_of_turn>user\nV<end_of_turn>\n<start_of_turn>model\n",
    },
    {
      name: "system text at the end becomes a turn of the user where it cannot stand",
      options: { architecture: "gemma3" },
      messages: [user("U"), says("assistant", "A"), says("system", "S")],
      is: "<s><start_of_turn>user\nU<end_of_turn>\n<start_of_turn>model\nA<end_of_turn>\n" +
        "<start_of_turn>user\nS<end_of_turn>\n<start_of_turn>model\n",
    },
    {
      name: "a template that wants parts gets parts",
      options: {
        template: "{% for m in messages %}{% for p in m.content %}({{ p.text }}){% endfor %}{% endfor %}",
      },
      messages: [{ role: "user", content: [{ type: "text", text: "a" }, { type: "text", text: "b" }] }],
      is: "(a\nb)",
    },
  ];

for (const { name, options, messages, is } of prompts) {
  Deno.test(`prompt: ${name}`, () => assert.equal(prompt(options, { messages }), is));
}

Deno.test("tools in words, calls and results as JSON, where the template knows none", () => {
  const messages: ChatMessage[] = [
    user("U"),
    { role: "assistant", content: "", toolCalls: [call("1", '{"a": 1}')] },
    { role: "tool", content: "R", toolCallId: "1", name: "f" },
  ];
  const text = prompt({ architecture: "gemma3" }, { messages, tools: [tool] });
  assert.match(text, /user\nYou can call these tools:\n\n\{\n {2}"name": "f"/);
  assert.ok(
    text.includes('<start_of_turn>model\n{"tool_calls":[{"name":"f","arguments":{"a":1}}]}<end_of_turn>'),
  );
  assert.ok(
    text.includes('<start_of_turn>user\n{"tool_response":{"tool":"f","tool_call_id":"1","content":"R"}}'),
  );
});

Deno.test("calls of one turn are told one by one where the template takes no more", () => {
  const messages: ChatMessage[] = [
    user("U"),
    { role: "assistant", content: "", toolCalls: [call("1"), call("2")] },
    { role: "tool", content: "R2", toolCallId: "2" },
    { role: "tool", content: "R1", toolCallId: "1" },
  ];
  assert.equal(
    prompt({ template: withTools }, { messages }),
    "[user]U[assistant]<tool_call>1:f{}</tool_call>[tool]R1[assistant]<tool_call>2:f{}</tool_call>[tool]R2",
  );
});

Deno.test("tool_choice none leaves tools out and reads no calls", () => {
  const format = open({ template: withTools });
  const chat: ChatRequest = { messages: [user("U")], tools: [tool], toolChoice: "none" };
  const rendered = format.render(chat);
  assert.deepEqual(rendered.pieces, [{ text: "[user]U", trusted: false }]);
  assert.equal(rendered.constraint, undefined);
  const said = '<tool_call>{"name": "f"}</tool_call>';
  assert.equal(assemble(read(format.parser(chat, rendered), [said])).text, said);
});

Deno.test("tools reach a template under the name that it knows", () => {
  const template = "{% if xml_tools %}{{ xml_tools[0].name }}<tool_call>{% endif %}{{ messages[0].content }}";
  const format = open({ template });
  assert.ok(format.supportsTools);
  assert.equal(prompt({ template }, { messages: [user("U")], tools: [tool] }), "f<tool_call>U");
});

Deno.test("a family whose template takes no tools is asked for the envelope, and its own marks are read too", () => {
  const template = "{% for m in messages %}{{ m.content }}{% endfor %}{# <tool_call> #}<tool_call>";
  const chat: ChatRequest = { messages: [user("U")], tools: [tool] };
  const format = open({ template });
  const rendered = format.render(chat);
  for (
    const said of ['{"tool_calls": [{"name": "f", "arguments": {}}]}', '<tool_call>{"name": "f"}</tool_call>']
  ) {
    const { calls } = assemble(read(format.parser(chat, rendered), [said]));
    assert.deepEqual(calls, [{ name: "f", arguments: "{}" }]);
  }
});

Deno.test("the template for tools renders requests with tools", () => {
  const options = { template: chatml, variants: { tool_use: withTools } };
  assert.ok(prompt(options, { messages: [user("U")] }).startsWith("<|im_start|>"));
  assert.ok(prompt(options, { messages: [user("U")], tools: [tool] }).startsWith("TOOLS [{"));
});

Deno.test("reasoning that the template opens begins the answer; turned off it is closed", () => {
  const format = open({ template: thinker });
  const messages = [user("U")];
  assert.ok(format.supportsThinking);
  const on = format.render({ messages });
  assert.ok(on.startsInReasoning);
  assert.deepEqual(assemble(read(format.parser({ messages }, on), ["hm</think>A"])), {
    text: "A",
    reasoning: "hm",
    calls: [],
  });
  assert.ok(!format.render({ messages, thinking: false }).startsInReasoning);
  const always = open({ template: chatml + "<think>\n" }).render({ messages, thinking: false });
  assert.ok(always.pieces.map((piece) => piece.text).join("").endsWith("<think>\n\n</think>\n\n"));
  assert.ok(!always.startsInReasoning);
  const plain = format.parser({ messages, reasoningFormat: "none" }, on);
  assert.deepEqual(assemble(read(plain, ["hm</think>A"])).text, "hm</think>A");
});

Deno.test("the last message is continued", () => {
  const messages = [user("U"), says("assistant", "Once <|im_end|>")];
  const pieces =
    open({ template: chatml, controlTokens: ["<|im_end|>"] }).render({ messages, continueLast: true }).pieces;
  assert.deepEqual(pieces.at(-1), { text: "\n<|im_start|>assistant\nOnce <|im_end|>", trusted: false });
  const thinking = prompt({ template: thinker }, { messages, continueLast: true });
  assert.ok(thinking.endsWith("<think>\n\n</think>\n\nOnce <|im_end|>"));
});

Deno.test("variables of the request reach the template, today's date does too", () => {
  const template = "{{ effort }} {{ date_string | length }} {{ bos_token }} {{ messages[0].content }}";
  const chat = { messages: [user("U")], templateVariables: { effort: "high" } };
  assert.equal(prompt({ template }, chat), "high 11 <s> U");
});

Deno.test("refusals and mistakes are told with their reason", () => {
  const refused =
    "{% for m in messages %}{{ m.content }}{% endfor %}{{ raise_exception('Say ' + messages[0].content) }}";
  const cases: [() => unknown, Partial<SkiffError>][] = [
    [() => prompt({ template: refused }, { messages: [user("it")] }), {
      code: "invalid_input",
      message: "Say it",
    }],
    [() => open({ template: "{% if x %}" }), { code: "unsupported" }],
    [
      () => prompt({}, { messages: [{ role: "user", content: [{ type: "image", data: "AA" }] }] }),
      { code: "invalid_input" },
    ],
    [
      () =>
        open({ template: "{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}" }),
      {
        code: "unsupported",
      },
    ],
  ];
  for (const [run, expected] of cases) assert.throws(run, expected);
});

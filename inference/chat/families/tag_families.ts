/** Families that write calls between tags: Hermes and Qwen, GLM, MiniMax, Seed, Nemotron, Apriel, MiniCPM. */
import { type CallGrammar, jsonCall, literal } from "../call_grammar.ts";
import { callArray } from "../parse/json_calls.ts";
import { functionTag, invokeTag, toolCallTag } from "../parse/tagged_calls.ts";
import type { AnswerState } from "../parse/json_calls.ts";
import type { Parsing } from "../parse/answer_input.ts";
import { taggedCalls } from "../tagged_grammar.ts";
import { type Family, has, think, writtenAsJson } from "./family.ts";

/** One JSON call between two tags. */
const jsonBetween = (open: string, close: string): CallGrammar => ({
  trigger: open,
  call: (tool, args) => `space ${jsonCall()(tool, args)} space ${literal(close)}`,
  separator: `space ${literal(open)}`,
});

/** A list of JSON calls between two tags. */
export const listBetween = (open: string, close: string): CallGrammar => ({
  trigger: open,
  open: 'space "[" space',
  call: jsonCall("name", "arguments", '[^"]*'),
  separator: 'space "," space',
  close: `space "]" space ${literal(close)}`,
});

const toolCall = { open: "<tool_call>", read: toolCallTag("</tool_call>") };

export const hermes: Family = {
  name: "hermes",
  matches: (template) => template.includes("<tool_call>") || /xml_tools/.test(template),
  syntax: { reasoning: think, calls: [toolCall] },
  grammar: jsonBetween("<tool_call>", "</tool_call>"),
  visible: ["</tool_call>"],
  writeCalls: writtenAsJson("<tool_call>\n", "\n</tool_call>"),
  // SmolLM3 takes tools under this name
  variables: (functions) => ({ xml_tools: functions.length > 0 ? functions : null }),
};

export const qwenCoder: Family = {
  ...hermes,
  name: "qwen3-coder",
  matches: has("<tool_call>", "<function="),
  syntax: { reasoning: think, calls: [toolCall, { open: "<function=", read: functionTag }] },
  grammar: {
    trigger: "<tool_call>",
    separator: 'space "<tool_call>"',
    ...taggedCalls({
      begin: (tool) => `\n<function=${tool}>\n`,
      open: (parameter) => `<parameter=${parameter}>\n`,
      close: "\n</parameter>",
      after: "\n",
      end: "</function>\n</tool_call>",
    }),
  },
};

export const seed: Family = {
  name: "seed",
  matches: has("seed:tool_call"),
  syntax: {
    reasoning: { open: "<seed:think>", close: "</seed:think>" },
    calls: [{ open: "<seed:tool_call>", read: toolCallTag("</seed:tool_call>") }],
  },
  grammar: {
    trigger: "<seed:tool_call>",
    separator: 'space "<seed:tool_call>"',
    ...taggedCalls({
      begin: (tool) => `\n<function=${tool}>\n`,
      open: (parameter) => `<parameter=${parameter}>`,
      close: "</parameter>",
      after: "\n",
      end: "</function>\n</seed:tool_call>",
    }),
  },
  visible: ["</seed:tool_call>"],
};

export const glm: Family = {
  ...hermes,
  name: "glm",
  matches: has("<tool_call>", "<arg_key>"),
  grammar: {
    trigger: "<tool_call>",
    separator: 'space "<tool_call>"',
    ...taggedCalls({
      begin: (tool) => `${tool}\n`,
      open: (parameter) => `<arg_key>${parameter}</arg_key>\n<arg_value>`,
      close: "</arg_value>",
      after: "\n",
      end: "</tool_call>",
      freeBreaks: true,
    }),
  },
  visible: ["</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"],
};

/** `<invoke name="…">` tags, with a prefix before each tag's name where the dialect has one. */
const invokeFamily = (name: string, matches: Family["matches"], section: string, prefix = ""): Family => ({
  name,
  matches,
  syntax: {
    reasoning: think,
    calls: [{ open: `<${section}>`, read: invokeSection(section, prefix) }],
  },
  grammar: {
    trigger: `<${section}>`,
    open: '"\\n"',
    ...taggedCalls({
      begin: (tool) => `<${prefix}invoke name="${tool}">\n`,
      open: (parameter, isText) =>
        `<${prefix}parameter name="${parameter}"${prefix === "｜DSML｜" ? ` string="${isText}"` : ""}>`,
      close: `</${prefix}parameter>`,
      after: "\n",
      end: `</${prefix}invoke>\n`,
    }),
    separator: '""',
    close: literal(`</${section}>`),
  },
  visible: [`</${section}>`],
});

const invokeSection = (section: string, prefix: string) =>
  function* (state: AnswerState): Parsing<boolean> {
    const { input, output } = state;
    const before = output.calls;
    yield* input.skipSpace();
    while (yield* input.accept(`<${prefix}invoke name="`)) {
      yield* invokeTag(state, prefix);
      yield* input.skipSpace();
    }
    yield* input.accept(`</${section}>`);
    return output.calls > before;
  };

export const minimaxM2 = invokeFamily("minimax-m2", has("minimax:tool_call", "invoke"), "minimax:tool_call");
export const deepseekV32 = invokeFamily(
  "deepseek-v3.2",
  (template) => /DSML/.test(template) && template.includes("function_calls"),
  "｜DSML｜function_calls",
  "｜DSML｜",
);
export const deepseekV4 = invokeFamily(
  "deepseek-v4",
  (template) => /DSML/.test(template),
  "｜DSML｜tool_calls",
  "｜DSML｜",
);

/** Lists of JSON calls, or one after the other, between tags. */
const listFamily = (name: string, open: string, close: string, reasoning = think): Family => ({
  name,
  matches: has(open),
  syntax: { reasoning, calls: [{ open, read: toolCallTag(close) }] },
  grammar: listBetween(open, close),
  visible: [close],
});

export const nemotron: Family = listFamily("nemotron", "<TOOLCALL>", "</TOOLCALL>");
export const apriel: Family = {
  ...listFamily("apriel", "<tool_calls>", "</tool_calls>", { open: "<thinking>", close: "</thinking>" }),
  matches: has("<tool_calls>", "<thinking>"),
};
export const minimaxM1: Family = {
  ...listFamily("minimax-m1", "<tool_calls>", "</tool_calls>"),
  grammar: {
    trigger: "<tool_calls>",
    open: "space",
    call: jsonCall(),
    close: 'space "</tool_calls>"',
  },
};

/** `<|tool_call|>[…]`, with a closing marker in Phi-4-mini. */
const pipedList = (name: string, matches: Family["matches"], close: string): Family => ({
  name,
  matches,
  syntax: {
    reasoning: think,
    calls: [{
      open: "<|tool_call|>",
      *read(state) {
        yield* state.input.skipSpace();
        const found = yield* callArray(state);
        if (close !== "") yield* state.input.accept(close);
        return found;
      },
    }],
    dropped: name === "granite" ? ["<response>", "</response>"] : [],
  },
  grammar: listBetween("<|tool_call|>", close),
  visible: close === "" ? [] : [close],
  writeCalls: writtenAsJson("<|tool_call|>[", `]${close}`, ", "),
});

export const granite = pipedList("granite", has("<|start_of_role|>", "<|tool_call|>"), "");
export const phi4 = pipedList("phi-4-mini", has("<|tool|>", "<|end|>"), "<|/tool_call|>");

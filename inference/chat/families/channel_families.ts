/** gpt-oss, Command R7B, Apertus, LFM2, Gemma, GigaChat: answers in marked parts. */
import { jsonCall, literal } from "../call_grammar.ts";
import { harmonyAnswer } from "../parse/channels.ts";
import { callArray, callObject } from "../parse/json_calls.ts";
import { gemmaCall, keyedCalls, mixedList } from "../parse/named_calls.ts";
import { mark } from "../template/marks.ts";
import { type Family, has, think } from "./family.ts";
import { pythonCalls } from "../tagged_grammar.ts";

export const harmony: Family = {
  name: "harmony",
  matches: has("<|channel|>", "<|message|>"),
  syntax: { calls: [], whole: harmonyAnswer },
  thoughts: { open: "<|channel|>analysis<|message|>", close: "<|end|><|start|>assistant" },
  answerOpen: "<|channel|>final<|message|>",
  grammar: {
    trigger: "<|channel|>commentary to=functions.",
    call: (tool, args) =>
      `${literal(tool.name)} " "? "<|constrain|>"? "json"? "<|message|>" ${args} "<|call|>"?`,
    separator: literal("<|start|>assistant<|channel|>commentary to=functions."),
  },
  visible: [
    "<|channel|>",
    "<|message|>",
    "<|start|>",
    "<|end|>",
    "<|constrain|>",
  ],
};

export const commandR7b: Family = {
  name: "command-r7b",
  matches: has("<|START_ACTION|>"),
  syntax: {
    reasoning: { open: "<|START_THINKING|>", close: "<|END_THINKING|>" },
    calls: [{
      open: "<|START_ACTION|>",
      *read(state) {
        yield* state.input.skipSpace();
        const keys = { name: ["tool_name", "name"], arguments: ["parameters", "arguments"], id: [] };
        const found = yield* callArray(state, keys);
        yield* state.input.skipSpace();
        yield* state.input.accept("<|END_ACTION|>");
        return found;
      },
    }],
    dropped: ["<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>"],
  },
  grammar: {
    trigger: "<|START_ACTION|>",
    open: 'space "[" space',
    call: (tool, args) =>
      `"{" space (${literal('"tool_call_id"')} space ":" space ${literal('"')} [0-9]+ ${
        literal('"')
      } "," space)? ` +
      jsonCall("tool_name", "parameters")(tool, args).replace('"{" ', ""),
    separator: 'space "," space',
    close: `space "]" space "<|END_ACTION|>"`,
  },
  visible: ["<|END_ACTION|>"],
};

/** `Action:` and a fenced list; the answer without a call is one to a tool named `directly-answer`. */
export const commandRPlus: Family = {
  name: "command-r-plus",
  matches: has("Action:", "directly-answer"),
  syntax: {
    calls: [{
      open: "Action:",
      *read(state) {
        yield* state.input.skipSpace();
        if (!(yield* state.input.accept("```json"))) return false;
        yield* state.input.skipSpace();
        const found = yield* callArray(state);
        yield* state.input.skipSpace();
        yield* state.input.accept("```");
        return found;
      },
    }],
  },
  grammar: {
    trigger: "Action:",
    open: '"\\n```json\\n[" space',
    call: jsonCall("tool_name", "parameters"),
    separator: 'space "," space',
    close: 'space "]" "\\n"? "```"',
  },
};

export const apertus: Family = {
  name: "apertus",
  matches: has("<|tools_prefix|>"),
  syntax: {
    reasoning: { open: "<|inner_prefix|>", close: "<|inner_suffix|>" },
    calls: [{
      open: "<|tools_prefix|>",
      *read(state) {
        const found = yield* keyedCalls(state);
        yield* state.input.accept("<|tools_suffix|>");
        return found;
      },
    }],
  },
  grammar: {
    trigger: "<|tools_prefix|>",
    open: '"[" space',
    call: (tool, args) => `"{" space ${literal(JSON.stringify(tool.name))} space ":" space ${args} space "}"`,
    separator: 'space "," space',
    close: 'space "]" "<|tools_suffix|>"',
  },
  visible: ["<|tools_suffix|>"],
};

export const lfm2: Family = {
  name: "lfm2",
  matches: (template) => /<\|tool_list_start\|>|<\|tool_call_start\|>|List of tools: /.test(template),
  syntax: {
    reasoning: think,
    calls: [{ open: "<|tool_call_start|>", read: mixedList("<|tool_call_end|>") }],
  },
  grammar: {
    trigger: "<|tool_call_start|>",
    open: '"["',
    ...pythonCalls(),
    separator: '", "',
    close: '"]" "<|tool_call_end|>"',
  },
  visible: ["<|tool_call_end|>"],
  writeCalls: (calls) => {
    const python = calls.map(({ name, arguments: args }) => mark(`${name}(${pythonArguments(args)})`));
    return `<|tool_call_start|>[${python.join(", ")}]<|tool_call_end|>`;
  },
};

/** `a=1, b="x"` of a JSON object; JSON's own words stand for Python's. */
function pythonArguments(json: string): string {
  let data: unknown;
  try {
    data = JSON.parse(json || "{}");
  } catch {
    return json;
  }
  return Object.entries(data as object).map(([key, value]) => `${key}=${python(value)}`).join(", ");
}

function python(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  return `{${
    Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${python(item)}`).join(", ")
  }}`;
}

const gemmaQuote = '<|"|>';

export const gemma4: Family = {
  name: "gemma4",
  matches: has("<|tool_call>", "<tool_call|>"),
  syntax: {
    reasoning: { open: "<|channel>thought", close: "<channel|>" },
    calls: [{ open: "<|tool_call>", read: gemmaCall(gemmaQuote, "<tool_call|>") }],
    dropped: ["<|tool_response>"],
  },
  visible: ["<tool_call|>", gemmaQuote, "<|channel>"],
};

export const functionGemma: Family = {
  name: "function-gemma",
  matches: has("<start_function_call>"),
  syntax: { calls: [{ open: "<start_function_call>", read: gemmaCall("<escape>", "<end_function_call>") }] },
  stop: ["<start_function_response>"],
  visible: ["<end_function_call>", "<escape>"],
};

export const gigachat: Family = {
  name: "gigachat",
  matches: has("<|role_sep|>", "<|message_sep|>"),
  syntax: {
    calls: ["<|function_call|>", "<|message_sep|>\n\nfunction call<|role_sep|>\n"].map((open) => ({
      open,
      read: (state) => callObject(state),
    })),
  },
  stop: ["<|message_sep|>\n\nuser"],
  visible: ["<|message_sep|>", "<|role_sep|>"],
};

/** Llama 3 and what was made from it: JSON or Python without markers, `<function=…>`, `functools[…]`. */
import { type CallGrammar, jsonCall, literal } from "../call_grammar.ts";
import { bareCalls } from "../parse/bare_calls.ts";
import { recipientAnswer } from "../parse/channels.ts";
import { callArray } from "../parse/json_calls.ts";
import { mixedList, pythonTag } from "../parse/named_calls.ts";
import { functionTag } from "../parse/tagged_calls.ts";
import { strftime } from "../template/template.ts";
import { type Family, has, think } from "./family.ts";

/** `{"name": …, "parameters": {…}}` as the whole answer; nothing tells early that it begins. */
const bareGrammar: CallGrammar = { call: jsonCall("name", "parameters"), separator: 'space ";" space' };

export const llama3: Family = {
  name: "llama3",
  matches: (template) =>
    has("<|start_header_id|>")(template) &&
    /python_tag|"parameters": |tools_in_user_message|ipython/.test(template),
  syntax: { reasoning: think, calls: [{ open: "<|python_tag|>", read: pythonTag }], bare: bareCalls },
  grammar: bareGrammar,
};

/** Llama 4 and others that are told to write `[f(a=1)]`. */
export const pythonic: Family = {
  name: "pythonic",
  matches: (template) => /<\|header_start\|>|<\|python_start\|>/.test(template),
  syntax: {
    reasoning: think,
    calls: [{ open: "<|python_start|>", read: mixedList("<|python_end|>") }],
    bare: bareCalls,
  },
  grammar: bareGrammar,
};

const functionTagGrammar: CallGrammar = {
  trigger: "<function=",
  call: (tool, args) => `${literal(`${tool.name}>`)} ${args} "</function>"`,
  separator: '"\\n"? "<function="',
};

export const functionary31: Family = {
  name: "functionary-v3.1",
  matches: has("<function=", "<|start_header_id|>"),
  syntax: {
    calls: [{ open: "<function=", read: functionTag }, { open: "<|python_tag|>", read: pythonTag }],
  },
  grammar: functionTagGrammar,
};

export const functionary32: Family = {
  name: "functionary-v3.2",
  matches: has(">>>all"),
  syntax: { calls: [], whole: recipientAnswer },
  answerOpen: "all\n",
  grammar: {
    call: (tool, args) => `${literal(`${tool.name}\n`)} ${args}`,
    separator: '">>>"',
  },
};

/** ` functools[{…}, {…}]`. */
export const firefunction: Family = {
  name: "firefunction",
  matches: has("functools["),
  syntax: { calls: [{ open: "functools", read: callArray }] },
  grammar: {
    trigger: "functools",
    open: '"["',
    call: jsonCall(),
    separator: 'space "," space',
    close: '"]"',
  },
  variables: (functions) => ({
    functions: JSON.stringify(functions, undefined, 2),
    datetime: strftime("%b %d %Y %H:%M:%S", new Date()),
  }),
};

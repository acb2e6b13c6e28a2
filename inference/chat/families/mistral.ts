/** Mistral: `[TOOL_CALLS]` with a list of JSON calls, or since 2025 with `name[ARGS]{…}` for each call. */
import { type CallGrammar, jsonCall, literal } from "../call_grammar.ts";
import type { Parsing } from "../parse/answer_input.ts";
import { randomText } from "../parse/answer_output.ts";
import { type AnswerState, callArray } from "../parse/json_calls.ts";
import { bracketCall } from "../parse/named_calls.ts";
import { type Family, has } from "./family.ts";

function* readCalls(state: AnswerState): Parsing<boolean> {
  yield* state.input.skipSpace();
  return (yield* state.input.peek()) === "[" ? yield* callArray(state) : yield* bracketCall(state);
}

/** Nine letters or digits, as the templates demand; other ids are mapped to the same nine each time. */
export function nineCharacterId(id: string): string {
  if (/^[a-zA-Z0-9]{9}$/.test(id)) return id;
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(id)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(36).padStart(9, "0").slice(-9);
}

const listGrammar: CallGrammar = {
  trigger: "[TOOL_CALLS]",
  open: 'space "[" space',
  call: jsonCall("name", "arguments", "[a-zA-Z0-9]{9}"),
  separator: 'space "," space',
  close: 'space "]"',
};

const namedGrammar: CallGrammar = {
  trigger: "[TOOL_CALLS]",
  call: (tool, args) => `${literal(tool.name)} ("[CALL_ID]" [a-zA-Z0-9]{9})? "[ARGS]" ${args}`,
  separator: '"[TOOL_CALLS]"',
};

export const mistral: Family = {
  name: "mistral",
  matches: has("[TOOL_CALLS]"),
  syntax: {
    reasoning: { open: "[THINK]", close: "[/THINK]" },
    calls: [{ open: "[TOOL_CALLS]", read: readCalls }],
  },
  grammar: listGrammar,
  newId: () => randomText(9),
  callId: nineCharacterId,
};

export const mistralNamed: Family = {
  ...mistral,
  name: "mistral-args",
  matches: has("[TOOL_CALLS]", "[ARGS]"),
  grammar: namedGrammar,
  visible: ["[ARGS]", "[CALL_ID]"],
};

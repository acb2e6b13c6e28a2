/** Calls that stand at the beginning of the answer without any marker. */
import type { Parsing } from "./answer_input.ts";
import { type AnswerState, callObject, decodedString, jsonValue, usualKeys } from "./json_calls.ts";
import { pythonicCalls } from "./pythonic_calls.ts";

const names = (state: AnswerState) => new Set(state.tools.map((tool) => tool.name));

/** `{"name": <one of the tools>, "parameters": {…}}`, several separated by `;`; or `[f(a=1)]`. */
export function* bareCalls(state: AnswerState): Parsing<boolean> {
  const { input, output } = state;
  const first = yield* input.peek();
  if (first === "[") return yield* pythonicCalls(state, names(state));
  if (first !== "{") return false;
  do {
    if (!(yield* callObject(state, usualKeys, names(state)))) return output.calls > 0;
    yield* input.skipSpace();
  } while ((yield* input.accept(";")) && (yield* input.skipSpace(), true));
  return true;
}

/**
 * The form that the grammar of models without a tool format enforces: `{"tool_calls": [call…]}`, `{"tool_call":
 * call}`, or `{"response": "text"}`, whose text is the answer.
 */
export function* envelope(state: AnswerState): Parsing<boolean> {
  const { input, output } = state;
  if (!(yield* input.accept("{"))) return false;
  yield* input.skipSpace();
  const key = yield* input.acceptAny(['"tool_calls"', '"tool_call"', '"response"']);
  if (key === undefined) return false;
  yield* input.skipSpace();
  if (!(yield* input.accept(":"))) return false;
  yield* input.skipSpace();
  if (key === '"response"') return yield* response(state);
  const list = yield* input.accept("[");
  const before = output.calls;
  do {
    yield* input.skipSpace();
    if (!(yield* callObject(state))) break;
    yield* input.skipSpace();
  } while (list && (yield* input.accept(",")));
  yield* input.skipSpace();
  if (list) yield* input.accept("]");
  yield* input.skipSpace();
  yield* input.accept("}");
  return output.calls > before;
}

function* response({ input, output }: AnswerState): Parsing<boolean> {
  const isText = (yield* input.peek()) === '"';
  input.unpin();
  const text = (part: string) => output.text(part);
  yield* isText ? decodedString(input, text) : jsonValue(input, text);
  yield* input.skipSpace();
  yield* input.accept("}");
  return true;
}

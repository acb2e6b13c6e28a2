/** Calls whose name stands outside the JSON of their arguments, in the ways of several families. */
import type { AnswerInput, Parsing } from "./answer_input.ts";
import {
  type AnswerState,
  callArguments,
  callObject,
  jsonEscaped,
  jsonValue,
  type Sink,
} from "./json_calls.ts";
import { pythonicArguments, pythonicCall } from "./pythonic_calls.ts";

/** The arguments of a call whose name is known, a Markdown fence around them dropped. */
export function* namedCall(state: AnswerState, name: string, id?: string): Parsing<boolean> {
  const { input, output } = state;
  output.beginCall(name, id);
  input.unpin();
  yield* input.skipSpace();
  const fence = yield* input.acceptAny(["```json", "```"]);
  yield* input.skipSpace();
  const complete = yield* callArguments(input, (text) => output.arguments(text));
  if (fence !== undefined) {
    yield* input.skipSpace();
    yield* input.accept("```");
  }
  return complete;
}

/** `name[ARGS]{…}`, also with `[CALL_ID]id` between. */
export function* bracketCall(state: AnswerState): Parsing<boolean> {
  const { input } = state;
  yield* input.skipSpace();
  const name = yield* input.run(/[\w.-]+/y);
  if (name === "") return false;
  const id = (yield* input.accept("[CALL_ID]")) ? yield* input.run(/\w+/y) : undefined;
  if (!(yield* input.accept("[ARGS]")) && (yield* input.peek()) !== "{") return false;
  return yield* namedCall(state, name, id);
}

/** The markers of a format that lists calls one by one: `begin … separator … end`, then `sectionEnd`. */
export interface ListedCalls {
  begin: string;
  separator: string;
  end: string;
  sectionEnd: string;
}

/** DeepSeek's and Kimi's lists. What stands before the separator is a name, an id, or the word "function". */
export const listedCalls = ({ begin, separator, end, sectionEnd }: ListedCalls, began = false) =>
  function* (state: AnswerState): Parsing<boolean> {
    const { input, output } = state;
    const before = output.calls;
    for (let first = began;; first = false) {
      yield* input.skipSpace();
      if (!first && !(yield* input.accept(begin))) break;
      let head = "";
      if ((yield* input.until([separator], (text) => head += text)) === undefined) break;
      let name = head.trim(), id: string | undefined;
      if (name === "function") name = (yield* input.run(/[^\n`{]+/y)).trim();
      const numbered = /^functions\.(.+):\d+$/.exec(name);
      if (numbered) [id, name] = numbered;
      if (name === "" || !(yield* namedCall(state, name, id))) break;
      yield* input.skipSpace();
      yield* input.accept(end);
    }
    yield* input.accept(sectionEnd);
    return output.calls > before;
  };

/** `[{"name": {arguments}}]`. */
export function* keyedCalls(state: AnswerState): Parsing<boolean> {
  const { input, output } = state;
  const before = output.calls;
  if (!(yield* input.accept("["))) return false;
  while (yield* acceptSpaced(input, "{")) {
    let key = "";
    if (!(yield* jsonValue(input, (text) => key += text))) break;
    if (!(yield* acceptSpaced(input, ":"))) break;
    if (!(yield* namedCall(state, JSON.parse(key)))) break;
    if (!(yield* acceptSpaced(input, "}"))) break;
    yield* acceptSpaced(input, ",");
  }
  yield* acceptSpaced(input, "]");
  return output.calls > before;
}

function* acceptSpaced(input: AnswerInput, literal: string): Parsing<boolean> {
  yield* input.skipSpace();
  return yield* input.accept(literal);
}

/** `[f(a=1), {"name": …}]`: Python or JSON, and the closing marker. */
export const mixedList = (close: string) =>
  function* (state: AnswerState): Parsing<boolean> {
    const { input, output } = state;
    const before = output.calls;
    yield* input.skipSpace();
    const list = yield* input.accept("[");
    do {
      yield* input.skipSpace();
      const json = (yield* input.peek()) === "{";
      if (!(yield* json ? callObject(state) : pythonicCall(state))) break;
      yield* input.skipSpace();
    } while (yield* input.accept(","));
    if (list) yield* acceptSpaced(input, "]");
    yield* acceptSpaced(input, close);
    return output.calls > before;
  };

/** Llama's `<|python_tag|>`: JSON, `tool.call(a="b")`, or the code of an interpreter tool. */
export function* pythonTag(state: AnswerState): Parsing<boolean> {
  const { input, output, tools } = state;
  yield* input.skipSpace();
  if ((yield* input.peek()) === "{") return yield* callObject(state);
  const word = yield* input.run(/\w+/y);
  if (yield* input.accept(".call")) {
    return yield* pythonicArguments(state, word);
  }
  const interpreter = tools.find((tool) => /python|code_interpreter/.test(tool.name));
  if (!interpreter) return false;
  output.beginCall(interpreter.name);
  input.unpin();
  yield* codeArgument(state, word);
  return true;
}

/** The rest of the answer as the argument `code`. */
function* codeArgument({ input, output }: AnswerState, begun: string): Parsing {
  output.arguments(`{"code": "${jsonEscaped(begun)}`);
  yield* input.until([], (text) => output.arguments(jsonEscaped(text)));
  output.arguments('"}');
}

/** Gemma's `call:name{key:<|"|>text<|"|>,n:1}`; `quote` stands around texts. */
export const gemmaCall = (quote: string, close: string) =>
  function* (state: AnswerState): Parsing<boolean> {
    const { input, output } = state;
    yield* input.skipSpace();
    if (!(yield* input.accept("call:"))) return false;
    const name = yield* input.run(/[\w.-]+/y);
    if (name === "" || (yield* input.peek()) !== "{") return false;
    output.beginCall(name);
    input.unpin();
    yield* gemmaValue(input, quote, (text) => output.arguments(text));
    yield* acceptSpaced(input, close);
    return true;
  };

function* gemmaValue(input: AnswerInput, quote: string, sink: Sink): Parsing<boolean> {
  yield* input.skipSpace();
  if (yield* input.accept(quote)) {
    sink('"');
    yield* input.until([quote], (text) => sink(jsonEscaped(text)));
    sink('"');
    return true;
  }
  const open = yield* input.acceptAny(["{", "["]);
  if (open === undefined) {
    const word = (yield* input.run(/[^,}\]<]+/y)).trim();
    sink(/^(true|false|null|-?\d+(\.\d+)?([eE][-+]?\d+)?)$/.test(word) ? word : JSON.stringify(word));
    return word !== "";
  }
  const close = open === "{" ? "}" : "]";
  sink(open);
  for (let count = 0; !(yield* acceptSpaced(input, close)); count++) {
    if (count > 0 && !(yield* acceptSpaced(input, ","))) return false;
    if (count > 0) sink(", ");
    if (open === "{") {
      yield* input.skipSpace();
      const quoted = yield* input.accept(quote);
      const key = yield* input.run(quoted ? /[^<:]+/y : /[^:,}]+/y);
      if (quoted) yield* input.accept(quote);
      if (!(yield* acceptSpaced(input, ":"))) return false;
      sink(`${JSON.stringify(key.trim())}: `);
    }
    if (!(yield* gemmaValue(input, quote, sink))) return false;
  }
  sink(close);
  return true;
}

/** Reads JSON as it arrives: values passed through raw, and objects that are tool calls. */
import type { AnswerInput, Parsing } from "./answer_input.ts";
import type { AnswerOutput } from "./answer_output.ts";
import type { Tool } from "../request.ts";

/** What call readers work on. */
export interface AnswerState {
  input: AnswerInput;
  output: AnswerOutput;
  tools: Tool[];
}

export type Sink = (text: string) => void;

/** One JSON value, raw, to the sink. False when the text is no JSON; what came before is then in the sink. */
export function* jsonValue(input: AnswerInput, sink: Sink): Parsing<boolean> {
  const first = yield* input.peek();
  if (first === '"') return yield* jsonString(input, sink);
  if (first !== "{" && first !== "[") return yield* jsonScalar(input, sink);
  const open: string[] = [];
  do {
    yield* input.run(/[^"{}[\]]+/y, sink);
    const char = yield* input.peek();
    if (char === "") return false;
    if (char === '"') {
      if (!(yield* jsonString(input, sink))) return false;
      continue;
    }
    if (char === "{" || char === "[") open.push(char === "{" ? "}" : "]");
    else if (open.pop() !== char) return false;
    sink(yield* input.next());
  } while (open.length > 0);
  return true;
}

function* jsonScalar(input: AnswerInput, sink: Sink): Parsing<boolean> {
  const text = yield* input.run(/[-+.\w]+/y);
  if (!/^(true|false|null|-?\d+(\.\d+)?([eE][-+]?\d+)?)$/.test(text)) return false;
  sink(text);
  return true;
}

function* jsonString(input: AnswerInput, sink: Sink): Parsing<boolean> {
  sink(yield* input.next());
  while (true) {
    yield* input.run(/[^"\\]+/y, sink);
    const char = yield* input.next();
    if (char === "") return false;
    if (char === "\\") {
      const escaped = yield* input.next();
      if (escaped === "") return false;
      sink(char + escaped);
      continue;
    }
    sink(char);
    return true;
  }
}

/** The text that a JSON string stands for, to the sink as it arrives. */
export function* decodedString(input: AnswerInput, sink: Sink): Parsing<boolean> {
  yield* input.next();
  while (true) {
    yield* input.run(/[^"\\]+/y, sink);
    const char = yield* input.next();
    if (char === '"') return true;
    if (char === "") return false;
    let escape = char;
    do {
      const letter = yield* input.next();
      escape += letter;
      if (letter === "u") { for (let i = 0; i < 4; i++) escape += yield* input.next(); }
      // halves of a character go out together
    } while (
      /\\u[dD][89abAB]..$/.test(escape) && escape.length < 12 && (yield* input.accept("\\")) &&
      (escape += "\\")
    );
    try {
      sink(JSON.parse(`"${escape}"`));
    } catch {
      return false;
    }
  }
}

export interface CallKeys {
  name: string[];
  arguments: string[];
  /** Keys whose value the model chose as the call's id. */
  id: string[];
}

export const usualKeys: CallKeys = {
  name: ["name", "tool_name", "function_name"],
  arguments: ["arguments", "parameters"],
  id: ["id"],
};

/**
 * An object that is a call: `{"name": …, "arguments": {…}}`, keys in any order, arguments as an object or as
 * JSON text, also as `{"function": {…}}`. False, with nothing begun, when it is none.
 */
export function* callObject(state: AnswerState, keys = usualKeys, known?: Set<string>): Parsing<boolean> {
  const { input, output } = state;
  if (!(yield* input.accept("{"))) return false;
  let name: string | undefined, id: string | undefined, early = "", begun = false;
  const begin = () => {
    output.beginCall(name!, id);
    begun = true;
    input.unpin();
  };
  while (true) {
    yield* input.skipSpace();
    if (yield* input.accept(",")) continue;
    if (yield* input.accept("}")) break;
    const key = yield* memberKey(input);
    if (key === undefined) return begun;
    const first = yield* input.peek();
    if (keys.name.includes(key) && first === '"') {
      name = yield* shortString(input);
      if (name === undefined || (known && !known.has(name))) return false;
    } else if (keys.arguments.includes(key) && !begun && early === "") {
      if (name !== undefined) begin();
      if (
        !(yield* callArguments(input, begun ? (text) => output.arguments(text) : (text) => early += text))
      ) {
        return begun;
      }
    } else if (keys.id.includes(key) && first === '"') {
      id = yield* shortString(input);
    } else if (key === "function" && first === "{" && !begun && name === undefined) {
      return (yield* callObject(state, keys, known)) &&
        (yield* input.skipSpace(), yield* input.accept("}"), true);
    } else if (!(yield* jsonValue(input, () => {}))) {
      return begun;
    }
  }
  if (name === undefined) return begun;
  if (!begun) {
    begin();
    output.arguments(early === "" ? "{}" : early);
  }
  return true;
}

function* memberKey(input: AnswerInput): Parsing<string | undefined> {
  if ((yield* input.peek()) !== '"') return undefined;
  const key = yield* shortString(input);
  yield* input.skipSpace();
  if (!(yield* input.accept(":"))) return undefined;
  yield* input.skipSpace();
  return key;
}

function* shortString(input: AnswerInput): Parsing<string | undefined> {
  let raw = "";
  if (!(yield* jsonString(input, (text) => raw += text))) return undefined;
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}

/** Arguments as an object, passed on raw, or as a string that holds their JSON text. */
export function* callArguments(input: AnswerInput, sink: Sink): Parsing<boolean> {
  return (yield* input.peek()) === '"' ? yield* decodedString(input, sink) : yield* jsonValue(input, sink);
}

/** `[{call}, {call}]`. True when at least one call began. */
export function* callArray(state: AnswerState, keys = usualKeys): Parsing<boolean> {
  const { input, output } = state;
  if (!(yield* input.accept("["))) return false;
  const before = output.calls;
  while (true) {
    yield* input.skipSpace();
    if (yield* input.accept(",")) continue;
    if (yield* input.accept("]")) break;
    if (!(yield* callObject(state, keys))) break;
  }
  return output.calls > before;
}

/** The text inside of a JSON string. */
export function jsonEscaped(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/["\\\u0000-\u001f]/g, (char) => JSON.stringify(char).slice(1, -1));
}

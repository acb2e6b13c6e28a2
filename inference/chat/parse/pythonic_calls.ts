/** Calls written as Python: `[f(a=1, b="x"), g()]`. Arguments are passed on as JSON. */
import type { AnswerInput, Parsing } from "./answer_input.ts";
import { type AnswerState, jsonEscaped, type Sink } from "./json_calls.ts";

/** `known` = only these names are calls; undefined = any. True when at least one call began. */
export function* pythonicCalls(state: AnswerState, known?: Set<string>): Parsing<boolean> {
  const { input, output } = state;
  if (!(yield* input.accept("["))) return false;
  const before = output.calls;
  do {
    yield* input.skipSpace();
    if (!(yield* pythonicCall(state, known))) break;
    yield* input.skipSpace();
  } while (yield* input.accept(","));
  if (output.calls === before) return false;
  yield* input.accept("]");
  return true;
}

/** `f(a=1, b="x")`. */
export function* pythonicCall(state: AnswerState, known?: Set<string>): Parsing<boolean> {
  const name = yield* state.input.run(/[\w.-]+/y);
  if (name === "" || (known && !known.has(name))) return false;
  return yield* pythonicArguments(state, name);
}

/** `(a=1, b="x")` of a call whose name has been read. */
export function* pythonicArguments({ input, output }: AnswerState, name: string): Parsing<boolean> {
  if (!(yield* input.accept("("))) return false;
  output.beginCall(name);
  input.unpin();
  yield* keywordArguments(input, (text) => output.arguments(text));
  return true;
}

/** `a=1, b="x")` as a JSON object. */
function* keywordArguments(input: AnswerInput, sink: Sink): Parsing {
  sink("{");
  for (let count = 0;; count++) {
    yield* input.skipSpace();
    if (count > 0 && (yield* input.accept(","))) yield* input.skipSpace();
    if (yield* input.accept(")")) break;
    const key = yield* input.run(/\w+/y);
    yield* input.skipSpace();
    if (key === "" || !(yield* input.accept("="))) break;
    yield* input.skipSpace();
    sink(`${count === 0 ? "" : ", "}${JSON.stringify(key)}: `);
    if (!(yield* pythonValue(input, sink))) break;
  }
  sink("}");
}

function* pythonValue(input: AnswerInput, sink: Sink): Parsing<boolean> {
  const first = yield* input.peek();
  if (first === '"' || first === "'") return yield* pythonString(input, sink);
  if (first === "[" || first === "(") return yield* sequence(input, sink, first === "[" ? "]" : ")");
  if (first === "{") return yield* dict(input, sink);
  const word = yield* input.run(/[-+.\w]+/y);
  const words: Record<string, string> = { True: "true", False: "false", None: "null" };
  const json = words[word] ?? word;
  sink(/^(true|false|null|-?\d+(\.\d+)?([eE][-+]?\d+)?)$/.test(json) ? json : JSON.stringify(word));
  return word !== "";
}

function* sequence(input: AnswerInput, sink: Sink, close: string): Parsing<boolean> {
  yield* input.next();
  sink("[");
  for (let count = 0;; count++) {
    yield* input.skipSpace();
    if (count > 0 && (yield* input.accept(","))) yield* input.skipSpace();
    if (yield* input.accept(close)) break;
    if ((yield* input.peek()) === "") return false;
    if (count > 0) sink(", ");
    if (!(yield* pythonValue(input, sink))) return false;
  }
  sink("]");
  return true;
}

function* dict(input: AnswerInput, sink: Sink): Parsing<boolean> {
  yield* input.next();
  sink("{");
  for (let count = 0;; count++) {
    yield* input.skipSpace();
    if (count > 0 && (yield* input.accept(","))) yield* input.skipSpace();
    if (yield* input.accept("}")) break;
    if ((yield* input.peek()) === "") return false;
    if (count > 0) sink(", ");
    if (!(yield* pythonValue(input, sink))) return false;
    yield* input.skipSpace();
    if (!(yield* input.accept(":"))) return false;
    yield* input.skipSpace();
    sink(": ");
    if (!(yield* pythonValue(input, sink))) return false;
  }
  sink("}");
  return true;
}

function* pythonString(input: AnswerInput, sink: Sink): Parsing<boolean> {
  const quote = yield* input.next();
  sink('"');
  const run = quote === '"' ? /[^"\\]+/y : /[^'\\]+/y;
  const escapes: Record<string, string> = {
    n: "\\n",
    t: "\\t",
    r: "\\r",
    b: "\\b",
    f: "\\f",
    '"': '\\"',
    "\\": "\\\\",
  };
  while (true) {
    yield* input.run(run, (text) => sink(jsonEscaped(text)));
    const char = yield* input.next();
    if (char === "") return false;
    if (char === quote) break;
    const letter = yield* input.next();
    if (letter === "u") {
      sink(
        `\\u${(yield* input.next()) + (yield* input.next()) + (yield* input.next()) + (yield* input.next())}`,
      );
    } else sink(letter === quote && letter === "'" ? "'" : escapes[letter] ?? `\\\\${letter}`);
  }
  sink('"');
  return true;
}

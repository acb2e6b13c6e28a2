/**
 * Calls written as tags: `<function=name><parameter=key>value</parameter></function>`, the same with
 * `<invoke name="…">`, and `name<arg_key>key</arg_key><arg_value>value</arg_value>`. Values are bare text; the
 * tool's schema says which of them are strings.
 */
import type { Tool } from "../request.ts";
import type { Parsing } from "./answer_input.ts";
import { type AnswerState, callArray, callObject, jsonEscaped, jsonValue } from "./json_calls.ts";

/** How one dialect writes a call after its name. */
interface ParameterTags {
  /** Before a parameter's name. */
  open: string;
  /** After the name. */
  middle: string;
  /** Before the value, after white space; "" where the value follows at once. */
  value: string;
  /** After the value. */
  close: string;
  /** After the last parameter. */
  end: string;
}

/** One line break after the opening tag and one before the closing tag are layout. */
function* trimmedUntil({ input }: AnswerState, close: string, sink: (text: string) => void): Parsing {
  yield* input.accept("\n");
  let held = "";
  yield* input.until([close], (text) => {
    const all = held + text;
    held = all.endsWith("\n") ? "\n" : "";
    sink(all.slice(0, all.length - held.length));
  });
}

function isText(tool: Tool | undefined, name: string): boolean {
  const properties = tool?.parameters?.properties as Record<string, { type?: unknown }> | undefined;
  return properties?.[name]?.type === "string";
}

function asJson(raw: string): string {
  try {
    JSON.parse(raw);
    return raw;
  } catch {
    const python: Record<string, string> = { True: "true", False: "false", None: "null" };
    return python[raw] ?? JSON.stringify(raw);
  }
}

/** Writes the arguments as JSON while their parameters arrive. */
function* parameters(state: AnswerState, name: string, tags: ParameterTags): Parsing {
  const { input, output } = state;
  output.beginCall(name);
  input.unpin();
  const tool = state.tools.find((tool) => tool.name === name);
  for (let count = 0;; count++) {
    yield* input.skipSpace();
    if (!(yield* input.accept(tags.open))) {
      output.arguments(count === 0 ? "{}" : "}");
      break;
    }
    let key = "";
    yield* input.until([tags.middle], (text) => key += text);
    if (tags.value !== "") {
      yield* input.skipSpace();
      yield* input.accept(tags.value);
    }
    const [parameter, attributes] = splitOnce(key, '"');
    output.arguments(`${count === 0 ? "{" : ", "}${JSON.stringify(parameter.trim())}: `);
    yield* parameterValue(
      state,
      tags.close,
      /string="true"/.test(attributes) || isText(tool, parameter.trim()),
    );
  }
  yield* input.skipSpace();
  yield* input.accept(tags.end);
}

function* parameterValue(state: AnswerState, close: string, text: boolean): Parsing {
  const { input, output } = state;
  if (text) {
    output.arguments('"');
    yield* trimmedUntil(state, close, (part) => output.arguments(jsonEscaped(part)));
    output.arguments('"');
    return;
  }
  let raw = "";
  yield* input.until([close], (part) => raw += part);
  output.arguments(asJson(raw.trim()));
}

const splitOnce = (text: string, separator: string): [string, string] => {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at)];
};

const functionTags: ParameterTags = {
  open: "<parameter=",
  middle: ">",
  value: "",
  close: "</parameter>",
  end: "</function>",
};
const keyValueTags: ParameterTags = {
  open: "<arg_key>",
  middle: "</arg_key>",
  value: "<arg_value>",
  close: "</arg_value>",
  end: "",
};

/** After `<function=`: a name and parameters, or a name and a JSON object. */
export function* functionTag(state: AnswerState): Parsing<boolean> {
  const { input, output } = state;
  const name = (yield* input.run(/[^>\s<]+/y)).trim();
  if (name === "" || !(yield* input.accept(">"))) return false;
  yield* input.skipSpace();
  if ((yield* input.peek()) !== "{") {
    yield* parameters(state, name, functionTags);
    return true;
  }
  output.beginCall(name);
  input.unpin();
  yield* jsonValue(input, (text) => output.arguments(text));
  yield* input.skipSpace();
  yield* input.accept("</function>");
  return true;
}

/** After `<invoke name="`, with a prefix that some dialects put before each tag name. */
export function* invokeTag(state: AnswerState, prefix = ""): Parsing<boolean> {
  let name = "";
  yield* state.input.until(['">'], (text) => name += text);
  const tags = {
    open: `<${prefix}parameter name="`,
    middle: ">",
    value: "",
    close: `</${prefix}parameter>`,
    end: `</${prefix}invoke>`,
  };
  yield* parameters(state, name, tags);
  return true;
}

/**
 * What stands between `<tool_call>` and its closing tag: a JSON call, a list of them, a function tag, or a
 * name with keys and values. Which one, its first characters say.
 */
export const toolCallTag = (close: string) =>
  function* (state: AnswerState): Parsing<boolean> {
    const { input, output } = state;
    const before = output.calls;
    while (true) {
      yield* input.skipSpace();
      if (yield* input.accept(close)) break;
      if (!(yield* oneCall(state))) {
        if (output.calls > before) yield* input.accept(close);
        break;
      }
    }
    return output.calls > before;
  };

function* oneCall(state: AnswerState): Parsing<boolean> {
  const { input } = state;
  const first = yield* input.peek();
  if (first === "{") return yield* callObject(state);
  if (first === "[") return yield* callArray(state);
  if (yield* input.accept("<function=")) return yield* functionTag(state);
  if (yield* input.accept('<invoke name="')) return yield* invokeTag(state);
  const name = yield* input.run(/[\w.-]+/y);
  yield* input.skipSpace();
  if ((yield* input.peek()) !== "<" || !state.tools.some((tool) => tool.name === name)) return false;
  yield* parameters(state, name, keyValueTags);
  return true;
}

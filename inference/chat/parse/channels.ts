/** Answers that are a series of addressed messages: gpt-oss (harmony) and Functionary 3.2. */
import type { Parsing } from "./answer_input.ts";
import type { ParserOptions } from "./answer_parser.ts";
import { type AnswerState, jsonEscaped, jsonValue } from "./json_calls.ts";

/**
 * `<|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>commentary to=functions.f
 * <|constrain|>json<|message|>{…}<|call|>`: analysis is reasoning, what is addressed to a function is a call,
 * all else is text.
 */
export function* harmonyAnswer(state: AnswerState, options: ParserOptions): Parsing {
  const { input, output } = state;
  const text = (part: string) => output.text(part);
  const ends = ["<|end|>", "<|call|>", "<|return|>", "<|start|>"];
  while (true) {
    const space = yield* input.skipSpace();
    if ((yield* input.peek()) === "") return;
    const start = yield* input.acceptAny([
      "<|channel|>",
      "<|start|>",
      "to=",
      "assistant",
      "<|message|>",
      ...ends,
    ]);
    if (start === undefined) {
      output.text(space);
      yield* input.until(ends, text);
      continue;
    }
    if (start !== "<|message|>" && ends.includes(start)) continue;
    input.pin(space + start);
    let header = start;
    const opened = start === "<|message|>" || (yield* input.until(["<|message|>"], (part) => header += part));
    const raw = input.unpin();
    if (!opened) return output.text(raw);
    const channel = /<\|channel\|>\s*(\w+)/.exec(header)?.[1];
    const name = /to=(?:functions\.)?([\w.-]+)/.exec(header)?.[1];
    if (name !== undefined && options.tools.length > 0) {
      output.beginCall(name);
      yield* input.until(ends, (part) => output.arguments(part));
    } else if (channel === "analysis" && options.separateReasoning) {
      output.boundary("reasoning");
      yield* input.until(ends, (part) => output.reasoning(part));
      output.boundary("text");
    } else {
      yield* input.until(ends, text);
    }
  }
}

/** `all\ntext>>>name\n{…}`: the prompt has written the first `>>>`. */
export function* recipientAnswer(state: AnswerState, options: ParserOptions): Parsing {
  const { input, output, tools } = state;
  for (let marker = "";; marker = ">>>") {
    input.pin(marker);
    const recipient = yield* input.run(/[^\n>]+/y);
    const known = tools.some((tool) => tool.name === recipient) || recipient === "python";
    const named = yield* input.accept("\n");
    const raw = input.unpin();
    if (named && known && options.tools.length > 0) {
      if (yield* recipientCall(state, recipient)) continue;
    } else if (!named || recipient !== "all") {
      output.text(raw);
    }
    if ((yield* input.until([">>>"], (part) => output.text(part))) === undefined) return;
  }
}

/** Arguments as JSON, or code up to the next recipient. True when that next marker has been read. */
function* recipientCall({ input, output }: AnswerState, name: string): Parsing<boolean> {
  output.beginCall(name);
  if ((yield* input.peek()) === "{") {
    yield* jsonValue(input, (text) => output.arguments(text));
    yield* input.skipSpace();
    return false;
  }
  output.arguments('{"code": "');
  const next = yield* input.until([">>>"], (text) => output.arguments(jsonEscaped(text)));
  output.arguments('"}');
  return next !== undefined;
}

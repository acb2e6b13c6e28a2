/** Reads one answer of a model: reasoning, text and tool calls, by the markers of its family. */
import type { AnswerParser, ParsedDelta } from "../format.ts";
import type { Tool } from "../request.ts";
import { AnswerInput, type Parsing } from "./answer_input.ts";
import { AnswerOutput } from "./answer_output.ts";
import type { AnswerState } from "./json_calls.ts";

/**
 * Reads what follows a marker. False, with no call begun, means that this is no tool call: all of it, the
 * marker included, is then given out as text.
 */
export type CallReader = (state: AnswerState) => Parsing<boolean>;

export interface AnswerSyntax {
  reasoning?: { open: string; close: string };
  /** Markers that begin calls. */
  calls: { open: string; read: CallReader }[];
  /** Calls without a marker, tried where the answer's text begins. */
  bare?: CallReader;
  /** Markers without meaning for the reader, such as the one that opens the visible answer. */
  dropped?: string[];
  /** Reads the whole answer in its own way; the rest of the syntax is then unused. */
  whole?: (state: AnswerState, options: ParserOptions) => Parsing;
}

export interface ParserOptions {
  tools: Tool[];
  startsInReasoning: boolean;
  /** False leaves the reasoning in the text, markers included. */
  separateReasoning: boolean;
  newId: () => string;
}

export function createAnswerParser(syntax: AnswerSyntax, options: ParserOptions): AnswerParser {
  const input = new AnswerInput();
  const output = new AnswerOutput(options.newId);
  const state: AnswerState = { input, output, tools: options.tools };
  const parsing = syntax.whole ? syntax.whole(state, options) : readAnswer(state, syntax, options);
  const advance = (): ParsedDelta[] => {
    parsing.next();
    return output.take();
  };
  return {
    push(text) {
      if (text === "") return [];
      input.feed(text);
      return advance();
    },
    end() {
      input.end();
      parsing.next();
      output.end();
      return output.take();
    },
    get toolCalls() {
      return output.calls;
    },
  };
}

function* readAnswer(state: AnswerState, syntax: AnswerSyntax, options: ParserOptions): Parsing {
  const { input, output } = state;
  const calls = options.tools.length > 0 ? syntax.calls : [];
  const reasoning = syntax.reasoning;
  const text = (part: string) => output.text(part);
  if (reasoning && options.startsInReasoning) yield* readReasoning(state, reasoning.close, options);
  const markers = [
    ...calls.map((call) => call.open),
    ...syntax.dropped ?? [],
    ...reasoning ? [reasoning.open] : [],
  ];
  let atStart = options.tools.length > 0;
  while (true) {
    if (atStart && syntax.bare) yield* attempt(state, syntax.bare, yield* input.skipSpace());
    atStart = false;
    const marker = yield* input.until(markers, text);
    if (marker === undefined) return;
    if (marker === reasoning?.open) {
      if (!options.separateReasoning) output.text(marker);
      yield* readReasoning(state, reasoning.close, options);
      atStart = options.tools.length > 0;
      continue;
    }
    const call = calls.find((c) => c.open === marker);
    if (call) yield* attempt(state, call.read, marker);
  }
}

/** Reads calls; gives back as text what turned out to be none. */
function* attempt({ input, output, tools }: AnswerState, read: CallReader, consumed: string): Parsing {
  const before = output.calls;
  input.pin(consumed);
  yield* read({ input, output, tools });
  const raw = input.unpin();
  if (output.calls === before) output.text(raw);
}

function* readReasoning({ input, output }: AnswerState, close: string, options: ParserOptions): Parsing {
  if (!options.separateReasoning) {
    const end = yield* input.until([close], (part) => output.text(part));
    if (end !== undefined) output.text(close);
    return;
  }
  output.boundary("reasoning");
  yield* input.until([close], (part) => output.reasoning(part));
  output.boundary("text");
}

/** What is particular to a family of models: how its answers are written. */
import type { CallGrammar } from "../call_grammar.ts";
import { randomCallId } from "../parse/answer_output.ts";
import type { AnswerSyntax } from "../parse/answer_parser.ts";
import type { ToolCall } from "../request.ts";
import { mark } from "../template/marks.ts";

export interface Family {
  name: string;
  /** Whether a template is of this family, by the markers in its source. */
  matches: (template: string) => boolean;
  syntax: AnswerSyntax;
  /** How calls are enforced; undefined = not at all, the model is trusted to write them. */
  grammar?: CallGrammar;
  /** How a reasoning begins and ends, for grammars, where the syntax reads the whole answer itself. */
  thoughts?: { open: string; close: string };
  /** What stands before the visible answer, for grammars. */
  answerOpen?: string;
  /** Further variables that the family's templates read; given the descriptions of the tools. */
  variables?: (functions: unknown[]) => Record<string, unknown>;
  /** Texts that end the answer. */
  stop?: string[];
  /** Control tokens that the reader must see as text, beside the markers of the syntax. */
  visible?: string[];
  /** Ids of calls in the form that the family's template demands. */
  newId?: () => string;
  callId?: (id: string) => string;
  /**
   * Calls of an earlier turn, for templates that leave it to the caller to write them. With marks on what a
   * user wrote (template/marks.ts).
   */
  writeCalls?: (calls: ToolCall[]) => string;
}

export const think = { open: "<think>", close: "</think>" };

/** A template is of the family if it has all of these marks. */
export const has = (...marks: string[]) => (template: string): boolean =>
  marks.every((mark) => template.includes(mark));

export const newCallId = (family: Family): () => string => family.newId ?? randomCallId;

/** All texts that the family's reader looks for. */
export function markersOf({ syntax, visible = [] }: Family): string[] {
  const { reasoning, calls, dropped = [] } = syntax;
  const markers = [...calls.map((call) => call.open), ...dropped, ...visible];
  return [...new Set(reasoning ? [reasoning.open, reasoning.close, ...markers] : markers)];
}

/** `{"name": …, "arguments": …}` for each call; without a separator each stands between the marks. */
export const writtenAsJson =
  (open: string, close: string, separator?: string) => (calls: ToolCall[]): string => {
    const json = calls.map((call) =>
      mark(`{"name": ${JSON.stringify(call.name)}, "arguments": ${call.arguments || "{}"}}`)
    );
    if (separator !== undefined) return open + json.join(separator) + close;
    return json.map((text) => open + text + close).join("\n");
  };

/** What is particular to a family of models: how its answers are written. */
import { randomCallId } from "../parse/answer_output.ts";
import type { AnswerSyntax } from "../parse/answer_parser.ts";
import type { CallGrammar } from "../call_grammar.ts";

export interface Family {
  name: string;
  /** Whether a template is of this family, by the markers in its source. */
  matches: (template: string) => boolean;
  syntax: AnswerSyntax;
  /** How calls are enforced; undefined = not at all, the model is trusted to write them. */
  grammar?: CallGrammar;
  /** Texts that end the answer. */
  stop?: string[];
  /** Control tokens that the reader must see as text, beside the markers of the syntax. */
  visible?: string[];
  /** Ids of calls in the form that the family's template demands. */
  newId?: () => string;
  callId?: (id: string) => string;
}

export const newCallId = (family: Family): () => string => family.newId ?? randomCallId;

/** All texts that the family's reader looks for. */
export function markersOf({ syntax, visible = [] }: Family): string[] {
  const { reasoning, calls, dropped = [] } = syntax;
  const markers = [...calls.map((call) => call.open), ...dropped, ...visible];
  return reasoning ? [reasoning.open, reasoning.close, ...markers] : markers;
}

/**
 * Grammars that make a model write tool calls that its family's reader understands, with arguments that
 * satisfy the tools' schemas. GBNF text; the schemas become rules `arguments-0`, `arguments-1`…
 */
import type { ConstraintSpec } from "../sampling/options.ts";
import type { ChatRequest, Tool } from "./request.ts";
import type { RenderedChat } from "./format.ts";

/** How one family writes calls, as a grammar. */
export interface CallGrammar {
  /** Text that the first call begins with and that switches the grammar on; none = it may start anywhere. */
  trigger?: string;
  /** Expression for one call of the tool whose arguments are the rule `args`. */
  call: (tool: Tool, args: string) => string;
  /** Around all calls, `trigger` not included. */
  open?: string;
  close?: string;
  /** Between two calls. */
  separator?: string;
}

/** A GBNF literal. */
export function literal(text: string): string {
  const escapes: Record<string, string> = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  return `"${text.replace(/["\\\n\r\t]/g, (char) => escapes[char])}"`;
}

/** The common form of a call: a JSON object with the name first. */
export const jsonCall = (nameKey = "name", argumentsKey = "arguments") => (tool: Tool, args: string) =>
  `"{" space ${literal(`"${nameKey}"`)} space ":" space ${
    literal(JSON.stringify(tool.name))
  } space "," space ` +
  `${literal(`"${argumentsKey}"`)} space ":" space ${args} space "}"`;

export interface ConstraintContext {
  grammar?: CallGrammar;
  reasoning?: { open: string; close: string };
  startsInReasoning: boolean;
}

/** What constrains the answer to this request: forced calls, calls once begun, or the wanted format. */
export function answerConstraint(chat: ChatRequest, context: ConstraintContext): RenderedChat["constraint"] {
  const tools = offeredTools(chat);
  const mustCall = chat.toolChoice === "required" || typeof chat.toolChoice === "object";
  if (tools.length > 0 && mustCall) {
    return context.grammar && { spec: forcedCalls(tools, chat, context, context.grammar) };
  }
  if (chat.constraint) return wantedFormat(chat.constraint, tools, chat, context);
  const trigger = context.grammar?.trigger;
  if (tools.length === 0 || trigger === undefined) return undefined;
  return { spec: spec(`root ::= calls`, tools, chat, context.grammar!), triggers: [trigger] };
}

/** The tools that may be called: one if the request names it, none if it forbids calls. */
export function offeredTools({ tools = [], toolChoice = "auto" }: ChatRequest): Tool[] {
  if (toolChoice === "none") return [];
  return typeof toolChoice === "object" ? tools.filter((tool) => tool.name === toolChoice.name) : tools;
}

function forcedCalls(
  tools: Tool[],
  chat: ChatRequest,
  context: ConstraintContext,
  grammar: CallGrammar,
): ConstraintSpec {
  const trigger = literal(grammar.trigger ?? "");
  return spec(`root ::= ${thinking(context)} ${trigger} calls`, tools, chat, grammar, context);
}

/** Optional reasoning before what is enforced; obligatory where the template has opened it. */
function thinking({ reasoning, startsInReasoning }: ConstraintContext): string {
  if (!reasoning) return "space";
  return startsInReasoning ? "thoughts space" : `(space ${literal(reasoning.open)} thoughts)? space`;
}

function wantedFormat(
  wanted: ConstraintSpec,
  tools: Tool[],
  chat: ChatRequest,
  context: ConstraintContext,
): RenderedChat["constraint"] {
  if (wanted.kind === "gbnf") {
    return context.startsInReasoning && context.reasoning
      ? { spec: wanted, triggers: [context.reasoning.close] }
      : { spec: wanted };
  }
  const { grammar } = context;
  if (!context.reasoning && (tools.length === 0 || !grammar)) return { spec: wanted };
  const schema = wanted.kind === "json_schema" ? wanted.schema : { type: "object" };
  const calls = tools.length > 0 && grammar ? ` | ${literal(grammar.trigger ?? "")} calls` : "";
  const built = spec(
    `root ::= ${thinking(context)} (response space${calls})`,
    calls ? tools : [],
    chat,
    grammar,
    context,
  );
  return { spec: { ...built, schemas: { ...built.schemas, response: schema } } };
}

function spec(
  root: string,
  tools: Tool[],
  chat: ChatRequest,
  grammar?: CallGrammar,
  context?: ConstraintContext,
): Extract<ConstraintSpec, { kind: "gbnf" }> {
  const rules = [root, `space ::= [ \\t\\n]*`];
  const schemas: Record<string, unknown> = {};
  if (grammar && tools.length > 0) {
    const more = chat.parallelToolCalls === false ? "" : ` (${grammar.separator ?? "space"} call)*`;
    rules.push(`calls ::= ${grammar.open ?? ""} call${more} ${grammar.close ?? ""} space`);
    rules.push(`call ::= ${tools.map((_, i) => `call-${i}`).join(" | ")}`);
    tools.forEach((tool, i) => {
      rules.push(`call-${i} ::= ${grammar.call(tool, `arguments-${i}`)}`);
      schemas[`arguments-${i}`] = tool.parameters ?? { type: "object" };
    });
  }
  if (context?.reasoning && root.includes("thoughts")) {
    rules.push(...textUntil("thoughts", context.reasoning.close));
  }
  return { kind: "gbnf", grammar: rules.join("\n") + "\n", schemas };
}

/** Rules for any text up to and including the first occurrence of a literal: its matching automaton. */
export function textUntil(name: string, end: string): string[] {
  const chars = Array.from(end);
  const state = (i: number) => i === 0 ? name : `${name}-${i}`;
  const follow = (i: number, char: string): number => {
    const seen = [...chars.slice(0, i), char];
    for (let length = Math.min(i + 1, chars.length); length > 0; length--) {
      if (seen.slice(seen.length - length).every((c, k) => c === chars[k])) return length;
    }
    return 0;
  };
  const alphabet = [...new Set(chars)];
  return chars.map((_, i) => {
    const steps = alphabet.map((char) => [char, follow(i, char)] as const).filter(([, next]) => next > 0);
    const moves = steps.map(([char, next]) =>
      literal(char) + (next === chars.length ? "" : ` ${state(next)}`)
    );
    const others = steps.map(([char]) => char.replace(/[\]\\^-]/g, "\\$&")).join("");
    return `${state(i)} ::= ${moves.join(" | ")} | [^${others}] ${name}`;
  });
}

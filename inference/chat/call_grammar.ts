/**
 * Grammars that make a model write tool calls that its family's reader understands, with arguments that
 * satisfy the tools' schemas. GBNF text; the schemas become rules `arguments-0`, `arguments-1`…
 */
import type { ConstraintSpec } from "../sampling/options.ts";
import type { ChatRequest, Tool } from "./request.ts";
import type { RenderedChat } from "./format.ts";
import { type ControlTokens, tokenOccurrences } from "./prompt_pieces.ts";

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
  /** Further rules that `call` refers to. */
  rules?: string[];
  /** Made from the schemas of a tool's parameters: rules by name. */
  schemas?: (tool: Tool, args: string) => Record<string, unknown>;
  /**
   * Expression for an answer without calls, whose text is the rule `answer`: the model knows no format, so
   * every answer is written in this one.
   */
  direct?: string;
}

/** A GBNF literal. */
export function literal(text: string): string {
  const escapes: Record<string, string> = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  return `"${text.replace(/["\\\n\r\t]/g, (char) => escapes[char])}"`;
}

/** The common form of a call: a JSON object with the name first; `id` is what an optional id may look like. */
export const jsonCall =
  (nameKey = "name", argumentsKey = "arguments", id?: string) => (tool: Tool, args: string) => {
    const member = (key: string, value: string) => `${literal(`"${key}"`)} space ":" space ${value}`;
    const name = member(nameKey, literal(JSON.stringify(tool.name)));
    const last = id === undefined ? "" : `(space "," space ${member("id", `"\\"" ${id} "\\""`)})? `;
    return `"{" space ${name} space "," space ${member(argumentsKey, args)} ${last}space "}"`;
  };

export interface ConstraintContext {
  grammar?: CallGrammar;
  reasoning?: { open: string; close: string };
  startsInReasoning: boolean;
  /** What the family writes before the visible answer. */
  answerOpen?: string;
  /** The template describes tools itself, in a format of its own. */
  nativeTools: boolean;
  /** The expression for a control token, which has no text that a literal could match; undefined for others. */
  controlToken: (text: string) => string | undefined;
  control: ControlTokens;
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
  const direct = context.grammar?.direct;
  if (tools.length > 0 && direct && !context.nativeTools) {
    const built = spec(`root ::= ${thinking(context)} (calls | ${direct})`, tools, chat, context);
    return { spec: { ...built, schemas: { ...built.schemas, answer: { type: "string" } } } };
  }
  if (tools.length === 0 || !context.grammar) return undefined;
  if (trigger !== undefined) {
    return { spec: spec(`root ::= calls`, tools, chat, context), triggers: [trigger] };
  }
  return context.answerOpen === undefined ? { spec: callsOrText(tools, chat, context) } : undefined;
}

/** Calls without a mark before them are told from text by their first character. */
function callsOrText(tools: Tool[], chat: ChatRequest, context: ConstraintContext): ConstraintSpec {
  const built = spec(`root ::= ${thinking(context)} (calls | text)?`, tools, chat, context);
  return { ...built, grammar: `${built.grammar}text ::= [^{ \\t\\n] [^\\x00]*\n` };
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
  return spec(`root ::= ${thinking(context)} ${trigger} calls`, tools, chat, context);
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
  const { grammar, reasoning, startsInReasoning, answerOpen } = context;
  if (wanted.kind === "gbnf") {
    const opened = startsInReasoning && reasoning ? reasoning.close : answerOpen;
    return opened === undefined ? { spec: wanted } : { spec: wanted, triggers: [opened] };
  }
  const calling = tools.length > 0 ? grammar : undefined;
  if (!reasoning && answerOpen === undefined && !calling) return { spec: wanted };
  const schema = wanted.kind === "json_schema" ? wanted.schema : { type: "object" };
  const enveloped = calling?.direct !== undefined && !context.nativeTools;
  const answer = enveloped ? calling.direct : `${literal(answerOpen ?? "")} answer space`;
  const calls = calling ? ` | ${literal(calling.trigger ?? "")} calls` : "";
  const built = spec(
    `root ::= ${thinking(context)} (${answer}${calls})`,
    calling ? tools : [],
    chat,
    context,
  );
  return { spec: { ...built, schemas: { ...built.schemas, answer: schema } } };
}

function spec(
  root: string,
  tools: Tool[],
  chat: ChatRequest,
  context: ConstraintContext,
): Extract<ConstraintSpec, { kind: "gbnf" }> {
  const { grammar, reasoning } = context;
  // Bounded: a model that may write blanks without end can do nothing else.
  const rules = [root, `space ::= [ \\t]{0,2} | "\\n"{1,2} [ \\t]{0,20}`];
  const schemas: Record<string, unknown> = {};
  const weakenable: string[] = [];
  if (grammar && tools.length > 0) {
    const more = chat.parallelToolCalls === false ? "" : ` (${grammar.separator ?? "space"} call)*`;
    rules.push(`calls ::= ${grammar.open ?? ""} call${more} ${grammar.close ?? ""} space`);
    rules.push(`call ::= ${tools.map((_, i) => `call-${i}`).join(" | ")}`);
    const made = grammar.schemas ?? ((tool, args) => ({ [args]: argumentSchema(tool) }));
    tools.forEach((tool, i) => {
      rules.push(`call-${i} ::= ${grammar.call(tool, `arguments-${i}`)}`);
      const own = made(tool, `arguments-${i}`);
      Object.assign(schemas, own);
      if (!tool.strict) weakenable.push(...Object.keys(own));
    });
    rules.push(...grammar.rules ?? []);
  }
  if (reasoning && root.includes("thoughts")) {
    const close = context.controlToken(reasoning.close);
    rules.push(...close ? [`thoughts ::= [^\\x00]* ${close}`] : textUntil("thoughts", reasoning.close));
  }
  return {
    kind: "gbnf",
    grammar: rules.map((rule) => withControlTokens(rule, context)).join("\n") + "\n",
    schemas,
    ...(weakenable.length > 0 ? { weakenable } : {}),
  };
}

/** Arguments are an object, whether the schema says so or not. */
function argumentSchema({ parameters = {} }: Tool): Record<string, unknown> {
  return parameters.type === undefined ? { ...parameters, type: "object" } : parameters;
}

/** Literals cut where a control token stands in them. */
function withControlTokens(rule: string, { control, controlToken }: ConstraintContext): string {
  return rule.replace(/"(?:\\.|[^"\\])*"/g, (quoted) => {
    const text = unquoted(quoted);
    const parts: string[] = [];
    let start = 0;
    for (const [from, to] of tokenOccurrences(text, control)) {
      const token = controlToken(text.slice(from, to));
      if (token === undefined) continue;
      if (from > start) parts.push(literal(text.slice(start, from)));
      parts.push(token);
      start = to;
    }
    if (start === 0) return quoted;
    if (start < text.length) parts.push(literal(text.slice(start)));
    return parts.length === 1 ? parts[0] : `(${parts.join(" ")})`;
  });
}

function unquoted(quoted: string): string {
  const escapes: Record<string, string> = { n: "\n", r: "\r", t: "\t" };
  return quoted.slice(1, -1).replace(/\\(.)/g, (_, char) => escapes[char] ?? char);
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

/**
 * Expressions of mikefarah's yq (version 4) over one document. The language: https://mikefarah.gitbook.io/yq.
 * What it leaves out is refused by name in tokens.ts.
 */
import { SkiffError } from "../errors/skiff_error.ts";
import { add, divide, modulo, subtract } from "./arithmetic.ts";
import * as assignment from "./assign.ts";
import * as collecting from "./collect.ts";
import { type Context, each, type Handler, reading, withMatches } from "./context.ts";
import { failure } from "./failure.ts";
import { decode, encode } from "./formats.ts";
import * as logic from "./logic.ts";
import { multiply } from "./merge.ts";
import { boolAt, copy, type Node, replacement, type Style } from "./node.ts";
import type { Expression, OperationName } from "./operations.ts";
import { parse, parseInner } from "./parse.ts";
import { readJson, readYaml } from "./read_document.ts";
import { isWhole, parseDecimal } from "./scalar.ts";
import * as sequences from "./sequences.ts";
import * as texts from "./text.ts";
import { parent, parents, recursiveDescent, traverse, traverseArray } from "./traverse.ts";
import { writeJson } from "./write_json.ts";
import { writeYaml } from "./write_yaml.ts";

/**
 * What an expression gives of a document, printed in the document's format, a result a line or more; scalars are
 * bare. "" when there is no result; one line end closes it. Throws "invalid_input" for an expression that is wrong
 * or does not fit the document, "unsupported" for an operator that is left out.
 */
export function evaluateYq(text: string, document: string, format: "json" | "yaml"): string {
  const tree = parse(text);
  const root = Object.assign(format === "json" ? readJson(document) : readYaml(document), { together: true });
  const context: Context = { matches: [root], variables: new Map(), readOnly: false };
  try {
    const results = evaluate(context, tree).matches.map((node) => printed(node, format));
    return results.join("").replace(/\n+$/, "\n");
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // of the stack: `eval` calls itself, an alias holds itself
    throw failure("the expression never comes to an end");
  }
}

function printed(node: Node, format: "json" | "yaml"): string {
  if (node.kind === "scalar") return `${node.value}\n`;
  return format === "json" ? `${writeJson(node, 2)}\n` : writeYaml(node);
}

function evaluate(context: Context, expression: Expression | undefined): Context {
  return expression ? handlers[expression.operation.name](context, expression, evaluate) : context;
}

const self: Handler = (context) => context;

const union: Handler = (context, { left, right }) => {
  const [first, second] = [evaluate(context, left), evaluate(context, right)];
  if (first.matches === second.matches) return first; // two assignments: the document is one
  return withMatches(first, [...first.matches, ...second.matches]);
};

const value: Handler = (context, { operation: { options: { node } } }) =>
  withMatches(context, (context.matches.length === 0 ? [node] : context.matches).map(() => copy(node!)));

const evaluateTexts: Handler = (context, { right }) => {
  const expressions = evaluate(reading(context), right).matches.map(({ value }) => parseInner(value));
  return withMatches(
    context,
    context.matches.flatMap(() => expressions.flatMap((one) => evaluate(context, one).matches)),
  );
};

const raise: Handler = (context, { right }) => {
  const message = evaluate(reading(context), right).matches[0]?.value ?? "aborted";
  throw new SkiffError("invalid_input", message);
};

const toNumber = each((node) => {
  if (node.kind === "scalar") {
    if (node.tag === "!!int" || node.tag === "!!float") return node;
    const tag = isWhole(node.value)
      ? "!!int"
      : parseDecimal(node.value) === undefined
      ? undefined
      : "!!float";
    if (tag) return replacement(node, "scalar", tag, node.value);
  }
  throw failure(`"${node.value || node.tag}" is no number`);
});

const styleNames = ["", "tagged", "double", "single", "literal", "folded", "flow"];

function setStyle(node: Node, style: string): void {
  if (!styleNames.includes(style)) {
    throw failure(`there is no style "${style}"`, `Styles: ${styleNames.filter(Boolean).join(", ")}.`);
  }
  node.style = style as Style;
}

const handlers: Record<OperationName, Handler> = {
  add,
  add_assign: assignment.assignCalculated("add"),
  all: logic.all,
  all_c: logic.all,
  alternative: logic.alternative,
  and: logic.and,
  any: logic.any,
  any_c: logic.any,
  assign: assignment.assign,
  assign_attributes: assignment.assignAttributes,
  assign_style: assignment.assignProperty(setStyle),
  assign_tag: assignment.assignProperty((node, tag) => void (node.tag = tag)),
  assign_variable: collecting.assignVariable,
  block: (context) => withMatches(context, []),
  capture: texts.capture,
  change_case: texts.changeCase,
  collect: collecting.collect,
  collect_object: collecting.collectObject,
  compare: logic.compare,
  contains: logic.contains,
  decode,
  del: assignment.del,
  del_paths: assignment.delPaths,
  divide,
  empty: (context) => withMatches(context, []),
  encode,
  equals: logic.equals,
  error: raise,
  eval: evaluateTexts,
  expression: (context, { operation: { options } }) => evaluate(context, parseInner(options.text!)),
  filter: collecting.filter,
  first: sequences.first,
  flatten: sequences.flatten,
  from_entries: collecting.fromEntries,
  group_by: sequences.groupBy,
  has: sequences.has,
  if_else: collecting.ifElse,
  if_then: collecting.ifThen,
  interpolation: texts.interpolation,
  is_key: each((node) => boolAt(node, node.isKey)),
  join: texts.join,
  key: each((node) => node.key),
  keys: sequences.keys,
  kind: each((node) => replacement(node, "scalar", "!!str", node.kind)),
  length: sequences.length,
  map: collecting.map,
  map_entry: collecting.mapEntry,
  map_values: collecting.mapValues,
  match: texts.match,
  max: logic.max,
  min: logic.min,
  modulo,
  multiply,
  multiply_assign: assignment.assignCalculated("multiply"),
  not: logic.not,
  not_equals: logic.notEquals,
  omit: sequences.omit,
  or: logic.or,
  parent,
  parents,
  path: sequences.path,
  pick: sequences.pick,
  pipe: collecting.pipe,
  pivot: sequences.pivot,
  recursive_descent: recursiveDescent,
  reduce: collecting.reduce,
  reference: (context, { operation: { options } }) => withMatches(context, [options.node!]),
  reverse: sequences.reverse,
  select: collecting.select,
  self,
  set_path: assignment.setPath,
  short_pipe: collecting.pipe,
  sort: sequences.sort,
  sort_by: sequences.sortBy,
  sort_keys: sequences.sortKeys,
  split: texts.split,
  style: each((node) => replacement(node, "scalar", "!!str", node.style)),
  sub: texts.substitute,
  subtract,
  subtract_assign: assignment.assignCalculated("subtract"),
  tag: each((node) => replacement(node, "scalar", "!!str", node.tag)),
  test: texts.test,
  to_entries: collecting.toEntries,
  to_number: toNumber,
  to_string: texts.toText,
  traverse,
  traverse_array: traverseArray,
  trim: texts.trim,
  union,
  unique: sequences.unique,
  unique_by: sequences.uniqueBy,
  value,
  variable: (context, { operation: { options } }) =>
    withMatches(context, context.variables.get(options.text!) ?? []),
  with: assignment.withChanges,
  with_entries: collecting.withEntries,
};

/** The operations of an expression, how tightly they bind, and what an expression is when it has been read. */
import type { Node } from "./node.ts";

interface Shape {
  /** How many expressions it takes. */
  takes: 0 | 1 | 2;
  /** The higher, the tighter it binds. */
  binds: number;
  /** A path or `[…]` right behind it goes on from its result. */
  traversable?: true;
}

const functions = { takes: 1, binds: 50 } as const;
const values = { takes: 0, binds: 50 } as const;
const traversableFunctions = { takes: 1, binds: 52, traversable: true } as const;
const traversableValues = { takes: 0, binds: 52, traversable: true } as const;

export const operations = {
  if_else: { takes: 2, binds: 4 },
  if_then: { takes: 2, binds: 5 },
  block: { takes: 2, binds: 10 },
  union: { takes: 2, binds: 10 },
  map_entry: { takes: 2, binds: 15 },
  or: { takes: 2, binds: 20 },
  and: { takes: 2, binds: 20 },
  pipe: { takes: 2, binds: 30 },
  reduce: { takes: 2, binds: 35 },

  assign: { takes: 2, binds: 40 },
  assign_attributes: { takes: 2, binds: 40 },
  add_assign: { takes: 2, binds: 40 },
  subtract_assign: { takes: 2, binds: 40 },
  assign_style: { takes: 2, binds: 40 },
  assign_tag: { takes: 2, binds: 40 },
  assign_variable: { takes: 2, binds: 40 },
  equals: { takes: 2, binds: 40 },
  not_equals: { takes: 2, binds: 40 },
  compare: { takes: 2, binds: 40 },
  min: { takes: 0, binds: 40 },
  max: { takes: 0, binds: 40 },
  del: { takes: 1, binds: 40 },

  multiply: { takes: 2, binds: 42 },
  multiply_assign: { takes: 2, binds: 42 },
  divide: { takes: 2, binds: 42 },
  modulo: { takes: 2, binds: 42 },
  add: { takes: 2, binds: 42 },
  subtract: { takes: 2, binds: 42 },
  alternative: { takes: 2, binds: 42 },
  short_pipe: { takes: 2, binds: 45 },

  traverse_array: { takes: 2, binds: 50 },
  collect: functions,
  collect_object: values,
  empty: values,
  expression: values,
  interpolation: values,
  recursive_descent: values,
  reference: values,
  value: values,

  all: values,
  all_c: functions,
  any: values,
  any_c: functions,
  capture: functions,
  change_case: values,
  contains: functions,
  decode: values,
  encode: values,
  error: functions,
  from_entries: values,
  has: functions,
  is_key: values,
  join: functions,
  key: values,
  kind: values,
  length: values,
  match: functions,
  not: values,
  parent: values,
  parents: values,
  set_path: functions,
  style: values,
  sub: functions,
  tag: values,
  test: functions,
  to_number: values,
  to_string: values,
  trim: values,
  with_entries: functions,

  del_paths: traversableFunctions,
  eval: traversableFunctions,
  filter: traversableFunctions,
  first: traversableFunctions,
  flatten: traversableValues,
  group_by: traversableFunctions,
  keys: traversableValues,
  map: traversableFunctions,
  map_values: traversableFunctions,
  omit: traversableFunctions,
  path: traversableValues,
  pick: traversableFunctions,
  pivot: traversableValues,
  reverse: traversableValues,
  select: traversableFunctions,
  sort: traversableValues,
  sort_by: traversableFunctions,
  sort_keys: traversableFunctions,
  split: traversableFunctions,
  to_entries: traversableValues,
  unique: traversableValues,
  unique_by: traversableFunctions,
  with: traversableFunctions,

  self: { takes: 0, binds: 55 },
  traverse: { takes: 0, binds: 55, traversable: true },
  variable: { takes: 0, binds: 55, traversable: true },
} as const satisfies Record<string, Shape>;

export type OperationName = keyof typeof operations;

export function shapeOf(name: OperationName): Shape {
  return operations[name];
}

/** Kinds of text that a value is written as or read from. */
export type TextFormat = "yaml" | "json" | "csv" | "tsv" | "base64" | "base64url" | "uri" | "sh";

/** What an operation's own words say; each concerns the few operations named. */
export interface Options {
  /** traverse: a key or an index. */
  step?: string | number;
  /** traverse, traverse_array: no error when it does not fit. */
  optional?: boolean;
  /** traverse: the key as it is, no pattern. */
  exact?: boolean;
  /** traverse: what is missing is not made. */
  existing?: boolean;
  /** traverse, recursive_descent: keys as well as values. */
  keys?: boolean;
  /** traverse: keys instead of values. */
  onlyKeys?: boolean;
  /** assign, style, tag: the right side is evaluated for each place, which is its `.`. */
  update?: boolean;
  /** assign, multiply: only where nothing is. */
  onlyNull?: boolean;
  /** assign, multiply: tags of one's own are replaced as well. */
  clobber?: boolean;
  /** multiply: lists are joined. */
  append?: boolean;
  /** multiply: lists are merged item by item. */
  deep?: boolean;
  /** compare */
  greater?: boolean;
  orEqual?: boolean;
  /** flatten: -1 is all the way. */
  depth?: number;
  /** parent: how far up; from the root when negative. */
  level?: number;
  /** encode, decode */
  format?: TextFormat;
  indent?: number;
  /** change_case */
  upper?: boolean;
  /** assign_variable: no copy is made. */
  byReference?: boolean;
  /** value, reference */
  node?: Node;
  /** interpolation, variable, expression */
  text?: string;
}

export interface Operation {
  name: OperationName;
  options: Options;
  /** As it was written, for errors. */
  word: string;
  /** Offset in the expression. */
  at: number;
}

/** A tree of operations; `left` is there for those that take two. */
export interface Expression {
  operation: Operation;
  left?: Expression;
  right?: Expression;
}

export function operation(
  name: OperationName,
  options: Options = {},
  word: string = name,
  at = 0,
): Operation {
  return { name, options, word, at };
}

export function expression(operation: Operation, left?: Expression, right?: Expression): Expression {
  return { operation, left, right };
}

/** The expression that leads along a path. */
export function pathExpression(
  path: (string | number)[],
  options: Options = {},
  lastOptions = options,
): Expression {
  if (path.length === 0) return expression(operation("self"));
  const [step, ...others] = path;
  const last = others.length === 0;
  const first = expression(operation("traverse", { ...(last ? lastOptions : options), step }));
  if (last) return first;
  return expression(operation("short_pipe"), first, pathExpression(others, options, lastOptions));
}

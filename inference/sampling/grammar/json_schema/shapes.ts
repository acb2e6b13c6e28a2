/**
 * What a schema allows, as a list of alternatives of one JSON type each, and how two such lists are met at
 * once (allOf, references with siblings, keywords beside anyOf).
 */
import type { Expression } from "../grammar.ts";

/** Schemas that must all hold, by their sorted pointers; none = any value. */
export type Conjunction = readonly string[];

export interface NumberShape {
  type: "number";
  integer: boolean;
  min?: number;
  max?: number;
  aboveMin?: boolean;
  belowMax?: boolean;
  multipleOf?: number;
}

export interface StringShape {
  type: "string";
  min: number;
  max: number;
  /** Regular expressions and formats, each over the whole text. */
  matches: { source: string; expression: Expression }[];
}

export interface ArrayShape {
  type: "array";
  prefix: Conjunction[];
  /** What follows the prefix; false = nothing. */
  items: Conjunction | false;
  min: number;
  max: number;
}

export interface ObjectShape {
  type: "object";
  /** In the order in which they are written; false = must not be there. */
  properties: Map<string, Conjunction | false>;
  patterns: { source: string; expression: Expression; value: Conjunction }[];
  required: Set<string>;
  /** Undefined: the schema does not say. */
  additional: Conjunction | false | undefined;
  min: number;
  max: number;
}

export type Alternative =
  | { type: "null" }
  | { type: "boolean" }
  | NumberShape
  | StringShape
  | ArrayShape
  | ObjectShape
  | { type: "value"; value: unknown };

export const anyNumber: NumberShape = { type: "number", integer: false };
export const anyString: StringShape = { type: "string", min: 0, max: Infinity, matches: [] };
export const anyArray: ArrayShape = { type: "array", prefix: [], items: [], min: 0, max: Infinity };

export function anyObject(): ObjectShape {
  return {
    type: "object",
    properties: new Map(),
    patterns: [],
    required: new Set(),
    additional: undefined,
    min: 0,
    max: Infinity,
  };
}

export function anything(): Alternative[] {
  return [{ type: "null" }, { type: "boolean" }, anyNumber, anyString, anyArray, anyObject()];
}

export function both(a: Conjunction, b: Conjunction): Conjunction {
  return [...new Set([...a, ...b])].sort();
}

/** Whether a value fits an alternative: asked for the values of const and enum. */
export type Fits = (value: unknown, alternative: Alternative) => boolean;

/** What both lists allow. */
export function meet(a: Alternative[], b: Alternative[], fits: Fits): Alternative[] {
  return a.flatMap((x) => b.map((y) => meetOne(x, y, fits)).filter((m) => m !== undefined));
}

function meetOne(a: Alternative, b: Alternative, fits: Fits): Alternative | undefined {
  if (a.type === "value") return fits(a.value, b) ? a : undefined;
  if (b.type === "value") return fits(b.value, a) ? b : undefined;
  if (a.type === "number" && b.type === "number") return meetNumbers(a, b);
  if (a.type === "string" && b.type === "string") return meetStrings(a, b);
  if (a.type === "array" && b.type === "array") return meetArrays(a, b);
  if (a.type === "object" && b.type === "object") return meetObjects(a, b);
  return a.type === b.type ? a : undefined;
}

function meetNumbers(a: NumberShape, b: NumberShape): NumberShape | undefined {
  const low = tighter(a.min, a.aboveMin, b.min, b.aboveMin, (x, y) => x > y);
  const high = tighter(a.max, a.belowMax, b.max, b.belowMax, (x, y) => x < y);
  if (low.bound !== undefined && high.bound !== undefined) {
    if (low.bound > high.bound) return undefined;
    if (low.bound === high.bound && (low.strict || high.strict)) return undefined;
  }
  return {
    type: "number",
    integer: a.integer || b.integer,
    min: low.bound,
    aboveMin: low.strict,
    max: high.bound,
    belowMax: high.strict,
    multipleOf: leastCommonMultiple(a.multipleOf, b.multipleOf),
  };
}

function tighter(
  a: number | undefined,
  aStrict: boolean | undefined,
  b: number | undefined,
  bStrict: boolean | undefined,
  isTighter: (x: number, y: number) => boolean,
): { bound?: number; strict?: boolean } {
  if (a === undefined) return { bound: b, strict: bStrict };
  if (b === undefined || isTighter(a, b)) return { bound: a, strict: aStrict };
  if (isTighter(b, a)) return { bound: b, strict: bStrict };
  return { bound: a, strict: aStrict || bStrict };
}

function leastCommonMultiple(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return a / x * b;
}

function meetStrings(a: StringShape, b: StringShape): StringShape | undefined {
  const [min, max] = [Math.max(a.min, b.min), Math.min(a.max, b.max)];
  if (min > max) return undefined;
  const known = new Set(a.matches.map((m) => m.source));
  return {
    type: "string",
    min,
    max,
    matches: [...a.matches, ...b.matches.filter((m) => !known.has(m.source))],
  };
}

function meetArrays(a: ArrayShape, b: ArrayShape): ArrayShape | undefined {
  const at = (shape: ArrayShape, i: number) => i < shape.prefix.length ? shape.prefix[i] : shape.items;
  const min = Math.max(a.min, b.min);
  let max = Math.min(a.max, b.max);
  const prefix: Conjunction[] = [];
  for (let i = 0; i < Math.max(a.prefix.length, b.prefix.length); i++) {
    const [x, y] = [at(a, i), at(b, i)];
    if (x === false || y === false) {
      max = Math.min(max, i);
      break;
    }
    prefix.push(both(x, y));
  }
  const items = a.items === false || b.items === false ? false : both(a.items, b.items);
  return min > max ? undefined : { type: "array", prefix, items, min, max };
}

/** What an object shape asks of the value of a property; false = it must not be there. */
export function propertyOf(shape: ObjectShape, name: string): Conjunction | false {
  const declared = shape.properties.get(name);
  if (declared !== undefined) return declared;
  const matching = shape.patterns.filter(({ source }) => new RegExp(source, "u").test(name));
  if (matching.length > 0) return matching.map(({ value }) => value).reduce(both);
  return shape.additional ?? [];
}

function meetObjects(a: ObjectShape, b: ObjectShape): ObjectShape | undefined {
  const [min, max] = [Math.max(a.min, b.min), Math.min(a.max, b.max)];
  const required = new Set([...a.required, ...b.required]);
  if (Math.max(min, required.size) > max) return undefined;
  const properties: ObjectShape["properties"] = new Map();
  for (const name of new Set([...a.properties.keys(), ...b.properties.keys(), ...required])) {
    const [x, y] = [propertyOf(a, name), propertyOf(b, name)];
    const value = x !== false && y !== false && both(x, y);
    if (value === false && required.has(name)) return undefined;
    properties.set(name, value);
  }
  const patterns = new Map<string, ObjectShape["patterns"][number]>();
  for (const [shape, other] of [[a, b], [b, a]]) {
    for (const pattern of shape.patterns) {
      const same = other.patterns.find(({ source }) => source === pattern.source);
      const rest = same ? same.value : other.additional ?? [];
      if (rest !== false) patterns.set(pattern.source, { ...pattern, value: both(pattern.value, rest) });
    }
  }
  return {
    type: "object",
    properties,
    patterns: [...patterns.values()],
    required,
    additional: meetRest(a, b),
    min,
    max,
  };
}

function meetRest(a: ObjectShape, b: ObjectShape): Conjunction | false | undefined {
  if (a.additional === false || b.additional === false) return false;
  if (a.additional === undefined) return b.additional;
  return b.additional === undefined ? a.additional : both(a.additional, b.additional);
}

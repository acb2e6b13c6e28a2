/**
 * Values of a running template: making them from data, comparing them and writing them the way Python does.
 * The template library exports no value classes; they are taken from values that it makes.
 */
import { Environment } from "@huggingface/jinja";
import { isMarked, mark, MarkedKeys, plain } from "./marks.ts";

/** A value of the template library; `value` is a string, number, Map, array or function, by `type`. */
export interface Value {
  type: string;
  value: any;
  __bool__(): { value: boolean };
}

export type Keywords = Map<string, Value>;
type ValueClass = new (value?: unknown) => Value;

const specimens = new Environment();
const classOf = (name: string, specimen: unknown): ValueClass =>
  specimens.set(name, specimen).constructor as unknown as ValueClass;
const StringValue = classOf("string", "");
const IntegerValue = classOf("integer", 1);
const FloatValue = classOf("float", 0.5);
const BooleanValue = classOf("boolean", true);
const ArrayValue = classOf("array", []);
const ObjectValue = classOf("object", {});
const FunctionValue = classOf("function", () => null);
const NullValue = classOf("null", null);
const UndefinedValue = classOf("undefined", undefined);

export const string = (text: string): Value => new StringValue(text);
export const integer = (n: number): Value => new IntegerValue(n);
export const float = (n: number): Value => new FloatValue(n);
export const boolean = (b: boolean): Value => new BooleanValue(b);
export const array = (items: Value[]): Value => new ArrayValue(items);
export const object = (entries: Map<string, Value>): Value => new ObjectValue(entries);
export const none = (): Value => new NullValue(null);
export const undefinedValue = (): Value => new UndefinedValue();

/** A function of the template; keyword arguments come apart from the others. */
export function callable(run: (args: Value[], keywords: Keywords) => Value): Value {
  return new FunctionValue((args: Value[]) => {
    const last = args.at(-1);
    if (last?.type === "KeywordArgumentsValue") return run(args.slice(0, -1), last.value);
    return run(args, new Map());
  });
}

export const isString = (v: Value | undefined): boolean => v?.type === "StringValue";
export const isArray = (v: Value): boolean => v.type === "ArrayValue" || v.type === "TupleValue";
export const isObject = (v: Value): boolean => v.type === "ObjectValue" || v.type === "KeywordArgumentsValue";
export const isNumber = (v: Value): boolean => v.type === "IntegerValue" || v.type === "FloatValue";
export const isUndefined = (v: Value): boolean => v.type === "UndefinedValue";
export const isMissing = (v: Value): boolean => v.type === "NullValue" || v.type === "UndefinedValue";

/** Text that is never marked: roles, types and other words that the product itself chose. */
export class Word {
  constructor(readonly text: string) {}
}

/** Data as a template value; strings and keys carry marks, except in a `Word`. */
export function toValue(data: unknown): Value {
  if (data instanceof Word) return string(data.text);
  if (typeof data === "string") return string(mark(data));
  if (typeof data === "number") return Number.isInteger(data) ? integer(data) : float(data);
  if (typeof data === "boolean") return boolean(data);
  if (Array.isArray(data)) return array(data.map(toValue));
  if (data === undefined) return undefinedValue();
  if (data === null || typeof data !== "object") return none();
  const entries = Object.entries(data).filter(([, value]) => value !== undefined);
  return object(new MarkedKeys(entries.map(([key, value]) => [key, toValue(value)])));
}

/** Python's `==`, blind to marks. */
export function equal(a: Value, b: Value): boolean {
  if (isString(a) && isString(b)) return plain(a.value) === plain(b.value);
  if (isArray(a) && isArray(b)) {
    return a.value.length === b.value.length &&
      a.value.every((item: Value, i: number) => equal(item, b.value[i]));
  }
  if (isObject(a) && isObject(b)) {
    return a.value.size === b.value.size &&
      [...a.value.entries()].every(([key, item]) =>
        b.value.has(plain(key)) && equal(item, b.value.get(plain(key)))
      );
  }
  if (isMissing(a) || isMissing(b)) return a.type === b.type;
  return Number(a.value) === Number(b.value) && !isString(a) && !isString(b);
}

/** Python's `in`. */
export function contains(container: Value, item: Value): boolean {
  if (isArray(container)) return container.value.some((member: Value) => equal(member, item));
  if (isString(container)) {
    if (!isString(item)) throw new Error("'in <string>' requires a string on its left");
    return plain(container.value).includes(plain(item.value));
  }
  if (container.value instanceof Map) return isString(item) && container.value.has(plain(item.value));
  if (container.type === "UndefinedValue") return false;
  throw new Error(`Cannot look into a ${container.type}`);
}

/** Order of numbers and strings, for sorting. */
export function compare(a: Value, b: Value, caseSensitive: boolean): number {
  const key = (v: Value) => {
    if (!isString(v)) return Number(v.value);
    return caseSensitive ? plain(v.value) : plain(v.value).toLowerCase();
  };
  const left = key(a), right = key(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Python's `str()`. */
export function toText(v: Value): string {
  if (isString(v)) return v.value;
  if (v.type === "UndefinedValue") return "";
  return toRepr(v);
}

function toRepr(v: Value): string {
  if (isString(v)) return quoted(v.value);
  if (v.type === "BooleanValue") return v.value ? "True" : "False";
  if (isMissing(v)) return "None";
  if (v.type === "TupleValue") {
    const items = v.value.map(toRepr);
    return items.length === 1 ? `(${items[0]},)` : `(${items.join(", ")})`;
  }
  if (isArray(v)) return `[${v.value.map(toRepr).join(", ")}]`;
  if (v.value instanceof Map) {
    const entries = [...(v.value as Map<string, Value>).entries()];
    return `{${entries.map(([key, item]) => `${toRepr(keyValue(key))}: ${toRepr(item)}`).join(", ")}}`;
  }
  return isNumber(v) ? String(v) : "";
}

/** A key of a dict; number keys exist in dicts that the template itself wrote. */
export const keyValue = (key: string | number): Value => typeof key === "number" ? integer(key) : string(key);

function quoted(text: string): string {
  const bare = plain(text);
  const quote = bare.includes("'") && !bare.includes('"') ? '"' : "'";
  const escapes: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  const inner = Array.from(text, (char) => escapes[char] ?? (plain(char) === quote ? `\\${char}` : char));
  return quote + inner.join("") + quote;
}

export interface JsonStyle {
  indent?: number;
  ensureAscii?: boolean;
  itemSeparator?: string;
  keySeparator?: string;
  sortKeys?: boolean;
}

/** Python's `json.dumps`, as transformers sets it up: nothing but JSON's own escapes unless asked for. */
export function toJson(v: Value, style: JsonStyle = {}, depth = 0): string {
  if (isString(v)) return jsonString(v.value, style.ensureAscii);
  if (isMissing(v)) return "null";
  if (v.type === "BooleanValue") return String(v.value);
  if (isNumber(v)) return String(v);
  if (isArray(v)) {
    return bracket(
      "[",
      v.value.map((item: Value) => toJson(item, style, depth + 1)),
      "]",
      style,
      depth,
    );
  }
  if (!(v.value instanceof Map)) throw new Error(`Cannot write a ${v.type} as JSON`);
  let entries = [...(v.value as Map<string, Value>).entries()];
  if (style.sortKeys) entries = entries.sort(([a], [b]) => compare(keyValue(a), keyValue(b), true));
  const members = entries.map(([key, item]) =>
    jsonString(String(key), style.ensureAscii) + (style.keySeparator ?? ": ") + toJson(item, style, depth + 1)
  );
  return bracket("{", members, "}", style, depth);
}

function bracket(open: string, members: string[], close: string, style: JsonStyle, depth: number): string {
  if (style.indent === undefined || members.length === 0) {
    return open + members.join(style.itemSeparator ?? ", ") + close;
  }
  const line = (level: number) => "\n" + " ".repeat(style.indent! * level);
  return open + line(depth + 1) + members.join((style.itemSeparator ?? ",") + line(depth + 1)) + line(depth) +
    close;
}

function jsonString(text: string, ensureAscii = false): string {
  // deno-lint-ignore no-control-regex
  let out = text.replace(/["\\\u0000-\u001f]/g, (char) => JSON.stringify(char).slice(1, -1));
  if (ensureAscii) {
    const unicode = (unit: string) => "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0");
    out = out.replace(/[\ud800-\udbff][\udc00-\udfff]|[\u007f-\uffff]/g, (char) => {
      if (char.length === 1 && isMarked(char)) return plain(char) < "\x7f" ? char : unicode(plain(char));
      return char.split("").map(unicode).join("");
    });
  }
  return `"${out}"`;
}

/** Jinja's filters and tests, as far as chat templates use them. */
import { plain } from "./marks.ts";
import { capitalized, changed, indent, replace, strip, titled } from "./string_methods.ts";
import {
  array,
  boolean,
  compare,
  contains,
  equal,
  float,
  integer,
  isArray,
  isMissing,
  isNumber,
  isObject,
  isString,
  keyValue,
  type Keywords,
  none,
  object,
  string,
  toJson,
  toText,
  toValue,
  undefinedValue,
  type Value,
} from "./values.ts";

type Filter = (v: Value, args: Value[], keywords: Keywords) => Value;
type Test = (v: Value, other: Value) => boolean;

const isTrue = (v: Value | undefined): boolean => v?.__bool__().value ?? false;

/** The items that a `for` or a filter goes through: of an array, a string, an object's keys, nothing. */
export function items(v: Value): Value[] {
  if (isArray(v)) return v.value;
  if (isString(v)) return Array.from(v.value as string, string);
  if (v.value instanceof Map) return Array.from(v.value.keys() as Iterable<string>, keyValue);
  if (isMissing(v)) return [];
  throw new Error(`Cannot go through a ${v.type}`);
}

/** `a.b.0` of an item; undefined when there is none. */
function attribute(v: Value, path: Value): Value {
  let at: Value | undefined = v;
  for (const name of plain(toText(path)).split(".")) {
    if (at?.value instanceof Map) at = at.value.get(name) as Value | undefined;
    else at = at && isArray(at) ? at.value[Number(name)] as Value | undefined : undefined;
  }
  return at ?? undefinedValue();
}

const select = (wanted: boolean, byAttribute: boolean): Filter => (v, args) => {
  const path = byAttribute ? args[0] : undefined;
  const [name, other] = byAttribute ? args.slice(1) : args;
  const test: Test = name ? named(tests, plain(name.value), "test") : isTrue;
  return array(
    items(v).filter((item) => test(path ? attribute(item, path) : item, other ?? none()) === wanted),
  );
};

const sorted: Filter = (v, args, keywords) => {
  const reverse = isTrue(args[0] ?? keywords.get("reverse"));
  const caseSensitive = isTrue(args[1] ?? keywords.get("case_sensitive"));
  const path = args[2] ?? keywords.get("attribute");
  const key = (item: Value) => path && !isMissing(path) ? attribute(item, path) : item;
  const order = items(v).slice().sort((a, b) => compare(key(a), key(b), caseSensitive));
  return array(reverse ? order.reverse() : order);
};

const dictsort: Filter = (v, args, keywords) => {
  const caseSensitive = isTrue(args[0] ?? keywords.get("case_sensitive"));
  const by = toText(args[1] ?? keywords.get("by") ?? string("key")) === "value" ? 1 : 0;
  const pairs = entries(v).sort((a, b) => compare(a.value[by], b.value[by], caseSensitive));
  return array(isTrue(args[2] ?? keywords.get("reverse")) ? pairs.reverse() : pairs);
};

function entries(v: Value): Value[] {
  if (v.type === "UndefinedValue") return [];
  if (!(v.value instanceof Map)) throw new Error(`Cannot list the items of a ${v.type}`);
  return Array.from(
    v.value.entries() as Iterable<[string, Value]>,
    ([key, item]) => array([keyValue(key), item]),
  );
}

const unique: Filter = (v) => {
  const kept: Value[] = [];
  for (const item of items(v)) if (!kept.some((other) => equal(other, item))) kept.push(item);
  return array(kept);
};

const mapped: Filter = (v, [name, ...rest], keywords) => {
  const path = keywords.get("attribute");
  if (path) {
    const fallback = keywords.get("default");
    return array(
      items(v).map((item) => {
        const found = attribute(item, path);
        return found.type === "UndefinedValue" && fallback ? fallback : found;
      }),
    );
  }
  const filter = named(filters, plain(name.value), "filter");
  return array(items(v).map((item) => filter(item, rest, new Map())));
};

const number =
  (make: (n: number) => Value, read: (text: string) => number): Filter => (v, [fallback], keywords) => {
    const n = isString(v)
      ? read(plain(v.value).trim())
      : isNumber(v) || v.type === "BooleanValue"
      ? Number(v.value)
      : NaN;
    return Number.isNaN(n) ? fallback ?? keywords.get("default") ?? make(0) : make(n);
  };

const json: Filter = (v, args, keywords) => {
  const width = args[0] ?? keywords.get("indent");
  const separators = keywords.get("separators")?.value as Value[] | undefined;
  return string(toJson(v, {
    indent: width && isNumber(width) ? width.value : undefined,
    ensureAscii: isTrue(keywords.get("ensure_ascii")),
    sortKeys: isTrue(keywords.get("sort_keys")),
    itemSeparator: separators?.[0]?.value,
    keySeparator: separators?.[1]?.value,
  }));
};

const escaped = (text: string) =>
  [["&", "&amp;"], ["<", "&lt;"], [">", "&gt;"], ['"', "&#34;"], ["'", "&#39;"]]
    .reduce((out, [from, to]) => replace(out, from, to), text);

const orElse: Filter = (v, args, keywords) => {
  const whenFalse = isTrue(args[1] ?? keywords.get("boolean"));
  const missing = v.type === "UndefinedValue" || (whenFalse && !isTrue(v));
  return missing ? args[0] ?? keywords.get("default_value") ?? string("") : v;
};

const size: Filter = (v) => {
  if (v.value instanceof Map) return integer(v.value.size);
  return integer(isString(v) ? Array.from(v.value as string).length : items(v).length);
};

const extreme = (sign: 1 | -1): Filter => (v) =>
  items(v).reduce(
    (best, item) => compare(item, best, false) * sign > 0 ? item : best,
    items(v)[0] ?? undefinedValue(),
  );

const filters: Record<string, Filter> = {
  abs: (v) =>
    isNumber(v) && v.type === "IntegerValue" ? integer(Math.abs(v.value)) : float(Math.abs(v.value)),
  bool: (v) => boolean(isTrue(v)),
  capitalize: (v) => string(capitalized(toText(v))),
  count: size,
  d: orElse,
  default: orElse,
  dictsort,
  e: (v) => string(escaped(toText(v))),
  escape: (v) => string(escaped(toText(v))),
  first: (v) => items(v)[0] ?? undefinedValue(),
  float: number(float, parseFloat),
  from_json: (v) => toValue(JSON.parse(plain(toText(v)))),
  indent: (v, [width, first, blank], keywords) => {
    const by = width ?? keywords.get("width") ?? integer(4);
    const margin = isString(by) ? by.value : " ".repeat(by.value);
    const [onFirst, onBlank] = [first ?? keywords.get("first"), blank ?? keywords.get("blank")];
    return string(indent(toText(v), margin, isTrue(onFirst), isTrue(onBlank)));
  },
  int: number((n) => integer(Math.trunc(n)), (text) => parseInt(text, 10)),
  items: (v) => array(entries(v)),
  join: (v, [separator, path], keywords) => {
    const by = separator ?? keywords.get("d") ?? keywords.get("separator");
    const attr = path ?? keywords.get("attribute");
    return string(
      items(v).map((item) => toText(attr ? attribute(item, attr) : item)).join(by ? toText(by) : ""),
    );
  },
  keys: (v) => array(items(v)),
  last: (v) => items(v).at(-1) ?? undefinedValue(),
  length: size,
  list: (v) => array(items(v).slice()),
  lower: (v) => string(changed(toText(v), (bare) => bare.toLowerCase())),
  map: mapped,
  max: extreme(1),
  min: extreme(-1),
  reject: select(false, false),
  rejectattr: select(false, true),
  replace: (v, [from, to, count], keywords) =>
    string(replace(toText(v), toText(from), toText(to), (count ?? keywords.get("count"))?.value ?? -1)),
  reverse: (v) =>
    isString(v)
      ? string(Array.from(v.value as string).reverse().join(""))
      : array(items(v).slice().reverse()),
  round: (v, [digits]) => {
    const scale = 10 ** (digits?.value ?? 0);
    return float(Math.round(v.value * scale) / scale);
  },
  safe: (v) => v,
  select: select(true, false),
  selectattr: select(true, true),
  sort: sorted,
  string: (v) => string(toText(v)),
  sum: (v) => {
    const total = items(v).reduce((sum, item) => sum + Number(item.value), 0);
    return Number.isInteger(total) ? integer(total) : float(total);
  },
  title: (v) => string(titled(toText(v))),
  tojson: json,
  trim: (v, [chars]) => string(strip(toText(v), chars && toText(chars), "both")),
  unique,
  upper: (v) => string(changed(toText(v), (bare) => bare.toUpperCase())),
  values: (v) => array([...v.value.values()]),
};

const tests: Record<string, Test> = {
  boolean: (v) => v.type === "BooleanValue",
  callable: (v) => v.type === "FunctionValue",
  defined: (v) => v.type !== "UndefinedValue",
  divisibleby: (v, other) => v.value % other.value === 0,
  eq: equal,
  equalto: equal,
  even: (v) => v.value % 2 === 0,
  false: (v) => v.type === "BooleanValue" && !v.value,
  float: (v) => v.type === "FloatValue",
  ge: (v, other) => compare(v, other, true) >= 0,
  gt: (v, other) => compare(v, other, true) > 0,
  in: (v, other) => contains(other, v),
  integer: (v) => v.type === "IntegerValue",
  iterable: (v) => isArray(v) || isString(v) || v.value instanceof Map || v.type === "UndefinedValue",
  le: (v, other) => compare(v, other, true) <= 0,
  lower: (v) => plain(toText(v)) === plain(toText(v)).toLowerCase(),
  lt: (v, other) => compare(v, other, true) < 0,
  mapping: isObject,
  ne: (v, other) => !equal(v, other),
  none: (v) => v.type === "NullValue",
  number: (v) => isNumber(v) || v.type === "BooleanValue",
  odd: (v) => v.value % 2 !== 0,
  sequence: (v) => isArray(v) || isString(v) || v.value instanceof Map || v.type === "UndefinedValue",
  string: isString,
  true: (v) => v.type === "BooleanValue" && v.value,
  undefined: (v) => v.type === "UndefinedValue",
  upper: (v) => plain(toText(v)) === plain(toText(v)).toUpperCase(),
};

function named<T>(table: Record<string, T>, name: string, kind: string): T {
  if (!Object.hasOwn(table, name)) throw new Error(`The template uses an unknown ${kind} "${name}"`);
  return table[name];
}

/** Throws an `Error` for an unknown filter. */
export function applyFilter(name: string, v: Value, args: Value[], keywords: Keywords): Value {
  return named(filters, name, "filter")(v, args, keywords);
}

/** Throws an `Error` for an unknown test. */
export function applyTest(name: string, v: Value, other: Value = none()): boolean {
  return named(tests, name, "test")(v, other);
}

/** Python's dict methods that templates call; changes happen in place. */
export function dictMethod(
  dict: Map<string, Value>,
  name: string,
): ((args: Value[], keywords: Keywords) => Value) | undefined {
  switch (name) {
    case "items":
    case "keys":
    case "values":
      return () => filters[name](object(dict), [], new Map());
    case "get":
      return ([key, fallback]) => dict.get(plain(toText(key))) ?? fallback ?? none();
    case "pop":
      return ([key, fallback]) => {
        const found = dict.get(plain(toText(key)));
        dict.delete(plain(toText(key)));
        return found ?? fallback ?? none();
      };
    case "update":
      return ([other], keywords) => {
        const added = [...(other?.value.entries() ?? []), ...keywords] as [string, Value][];
        for (const [key, item] of added) dict.set(plain(key), item);
        return none();
      };
    case "copy":
      return () => object(new Map(dict));
  }
}

/** Python's list methods that templates call. */
export function listMethod(list: Value[], name: string): ((args: Value[]) => Value) | undefined {
  switch (name) {
    case "append":
      return ([item]) => (list.push(item), none());
    case "extend":
      return ([other]) => (list.push(...items(other)), none());
    case "insert":
      return ([at, item]) => (list.splice(at.value, 0, item), none());
    case "pop":
      return ([at]) => list.splice(at?.value ?? -1, 1)[0] ?? undefinedValue();
    case "index":
      return ([item]) => integer(list.findIndex((other) => equal(other, item)));
    case "count":
      return ([item]) => integer(list.filter((other) => equal(other, item)).length);
  }
}

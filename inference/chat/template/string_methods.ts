/** Python's string methods for templates. They look at plain text and keep the marks of what they return. */
import { isMarked, mark, plain } from "./marks.ts";
import {
  array,
  boolean,
  callable,
  integer,
  isArray,
  isString,
  type Keywords,
  string,
  toText,
  type Value,
} from "./values.ts";

type Method = (text: string, args: Value[], keywords: Keywords) => Value;

const textOf = (v: Value | undefined): string | undefined => v && isString(v) ? v.value : undefined;

/** Characters to strip are compared without marks; none given = white space. */
export function strip(text: string, chars: string | undefined, sides: "left" | "right" | "both"): string {
  if (chars === undefined) {
    return sides === "left" ? text.trimStart() : sides === "right" ? text.trimEnd() : text.trim();
  }
  const set = new Set(plain(chars));
  const bare = plain(text);
  let start = 0, end = text.length;
  if (sides !== "right") { while (start < end && set.has(bare[start])) start++; }
  if (sides !== "left") { while (end > start && set.has(bare[end - 1])) end--; }
  return text.slice(start, end);
}

/** Splits at each separator, at most `limit` times, from the left or from the right. */
function split(text: string, separator: string | undefined, limit: number, fromRight: boolean): string[] {
  if (separator === undefined) {
    const words = [...text.matchAll(/\S+/g)];
    if (limit < 0 || words.length <= limit) return words.map((word) => word[0]);
    if (fromRight) {
      const cut = words.length - limit;
      const last = words[cut - 1];
      return [
        text.slice(0, last.index + last[0].length).trimStart(),
        ...words.slice(cut).map((word) => word[0]),
      ];
    }
    return [...words.slice(0, limit).map((word) => word[0]), text.slice(words[limit].index).trimEnd()];
  }
  if (separator === "") throw new Error("empty separator");
  const cuts = positions(plain(text), plain(separator));
  const used = limit < 0
    ? cuts
    : fromRight
    ? cuts.slice(Math.max(0, cuts.length - limit))
    : cuts.slice(0, limit);
  const parts: string[] = [];
  let start = 0;
  for (const cut of used) {
    parts.push(text.slice(start, cut));
    start = cut + separator.length;
  }
  parts.push(text.slice(start));
  return parts;
}

function positions(text: string, what: string): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(what); at >= 0; at = text.indexOf(what, at + what.length)) found.push(at);
  return found;
}

/** `count` < 0 = all. */
export function replace(text: string, from: string, to: string, count = -1): string {
  if (from === "") return Array.from(text, (char) => to + char).join("") + to;
  return split(text, from, count, false).join(to);
}

export function indent(text: string, width: string, first: boolean, blank: boolean): string {
  const lines = text.split("\n");
  return lines.map((line, i) => (i === 0 && !first) || (line === "" && !blank && i > 0) ? line : width + line)
    .join("\n");
}

/** Changes plain text and marks the result again when the text was marked. */
export function changed(text: string, change: (bare: string) => string): string {
  return isMarked(text) ? mark(change(plain(text))) : change(text);
}

export const titled = (text: string) =>
  changed(
    text,
    (bare) => bare.toLowerCase().replace(/\p{L}+/gu, (word) => word[0].toUpperCase() + word.slice(1)),
  );

export const capitalized = (text: string) =>
  changed(text, (bare) => bare.slice(0, 1).toUpperCase() + bare.slice(1).toLowerCase());

const affix = (test: (bare: string, part: string) => boolean): Method => (text, [part]) => {
  const parts: Value[] = part && isArray(part) ? part.value : [part];
  return boolean(parts.some((p) => isString(p) && test(plain(text), plain(p.value))));
};
const matches = (pattern: RegExp): Method => (text) => boolean(pattern.test(plain(text)));
const splitter = (fromRight: boolean): Method => (text, [separator, limit], keywords) => {
  const sep = textOf(separator ?? keywords.get("sep"));
  const count = (limit ?? keywords.get("maxsplit"))?.value ?? -1;
  return array(split(text, sep, count, fromRight).map(string));
};
const partition = (fromRight: boolean): Method => (text, [separator]) => {
  const parts = split(text, separator.value, 1, fromRight);
  const whole = fromRight ? ["", "", text] : [text, "", ""];
  return array((parts.length === 2 ? [parts[0], separator.value, parts[1]] : whole).map(string));
};

/** `"{} of {0} {name}".format(…)`; format specifications are ignored. */
const format: Method = (text, args, keywords) => {
  let next = 0;
  return string(text.replace(/\{\{|\}\}|\{([^{}:!]*)[^{}]*\}/g, (all, name) => {
    if (all === "{{" || all === "}}") return all[0];
    const value = name === "" ? args[next++] : /^\d+$/.test(name) ? args[Number(name)] : keywords.get(name);
    return value ? toText(value) : "";
  }));
};

const methods: Record<string, Method> = {
  strip: (text, [chars]) => string(strip(text, textOf(chars), "both")),
  lstrip: (text, [chars]) => string(strip(text, textOf(chars), "left")),
  rstrip: (text, [chars]) => string(strip(text, textOf(chars), "right")),
  split: splitter(false),
  rsplit: splitter(true),
  splitlines: (text) => array(text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r\n|\r|\n/).map(string)),
  partition: partition(false),
  rpartition: partition(true),
  replace: (text, [from, to, count], keywords) =>
    string(replace(text, from.value, to.value, (count ?? keywords.get("count"))?.value ?? -1)),
  startswith: affix((bare, part) => bare.startsWith(part)),
  endswith: affix((bare, part) => bare.endsWith(part)),
  removeprefix: (text, [part]) =>
    string(plain(text).startsWith(plain(part.value)) ? text.slice(part.value.length) : text),
  removesuffix: (text, [part]) =>
    string(
      part.value !== "" && plain(text).endsWith(plain(part.value)) ? text.slice(0, -part.value.length) : text,
    ),
  find: (text, [part]) => integer(plain(text).indexOf(plain(part.value))),
  rfind: (text, [part]) => integer(plain(text).lastIndexOf(plain(part.value))),
  index: (text, [part]) => {
    const at = plain(text).indexOf(plain(part.value));
    if (at < 0) throw new Error("substring not found");
    return integer(at);
  },
  count: (text, [part]) => integer(positions(plain(text), plain(part.value)).length),
  upper: (text) => string(changed(text, (bare) => bare.toUpperCase())),
  lower: (text) => string(changed(text, (bare) => bare.toLowerCase())),
  title: (text) => string(titled(text)),
  capitalize: (text) => string(capitalized(text)),
  isdigit: matches(/^\p{Nd}+$/u),
  isalpha: matches(/^\p{L}+$/u),
  isalnum: matches(/^[\p{L}\p{N}]+$/u),
  isspace: matches(/^\s+$/),
  isupper: (text) => boolean(/\p{Lu}/u.test(plain(text)) && plain(text) === plain(text).toUpperCase()),
  islower: (text) => boolean(/\p{Ll}/u.test(plain(text)) && plain(text) === plain(text).toLowerCase()),
  join: (text, [items]) => string(items.value.map(toText).join(text)),
  format,
};

/** The method of this name bound to the text, or undefined when Python's strings have none such. */
export function stringMethod(text: string, name: string): Value | undefined {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  return method && callable((args, keywords) => method(text, args, keywords));
}

/** YAML of other programs: read with places in errors, changed so that all else stays as it was. */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isSeq,
  type Node,
  parseDocument,
  type YAMLSeq,
} from "yaml";
import { stringify } from "yaml";
import { SkiffError } from "../../../core/errors/skiff_error.ts";

/** Docker's toolkit reads dates, `0b11` and `1_000` as YAML 1.1 has them: texts that look like one are quoted. */
const compat = "yaml-1.1";
const parseOptions = { version: "1.2", merge: true, prettyErrors: false, uniqueKeys: true, compat } as const;
const printOptions = { lineWidth: 0, compat } as const;

/** The value of a YAML (or JSON) text; undefined for an empty one. Throws "invalid_input" with file, line and column. */
export function parseYaml(text: string, path: string): unknown {
  return plainValue(parsed(text, path), path) ?? undefined;
}

/** Aliases are resolved here: one without its anchor, or very many of one, is told. */
function plainValue(document: Document, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 1000 });
  } catch (cause) {
    throw new SkiffError("invalid_input", `${path}: ${(cause as Error).message}`, {
      hint: "Repair the alias.",
      cause,
    });
  }
}

/** As `parseYaml`, of a text that must hold a mapping; {} for an empty one. */
export function parseYamlMap(text: string, path: string): Record<string, unknown> {
  const value = parseYaml(text, path) ?? {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new SkiffError("invalid_input", `${path}:1: a mapping is expected here`, {
      hint: "Write `key: value` lines.",
    });
  }
  return value as Record<string, unknown>;
}

function parsed(text: string, path: string): Document.Parsed {
  const document = parseDocument(text, parseOptions);
  const [error] = document.errors;
  if (error) {
    const before = text.slice(0, error.pos[0]).split("\n");
    if (error.code === "MULTIPLE_DOCS") {
      throw new SkiffError("invalid_input", `${path}:${before.length}: a second document begins here`, {
        hint: "Leave one of them in the file.",
        cause: error,
      });
    }
    const tabs = /\t/.test(text.split("\n")[before.length - 1] ?? "") && /tab/i.test(error.message);
    const reason = error.message.replace(/\s+/g, " ");
    throw new SkiffError(
      "invalid_input",
      `${path}:${before.length}:${before.at(-1)!.length + 1}: ${reason}`,
      {
        hint: tabs ? "YAML is indented with spaces." : "Repair the file at that place.",
        cause: error,
      },
    );
  }
  return document as Document.Parsed;
}

/** YAML of a value, as skiff writes new files. */
export function toYaml(value: unknown): string {
  return stringify(value, printOptions);
}

/**
 * Sets the value at a path of keys, making the mappings on the way. Items of lists are addressed by their place
 * or by `name`. Comments, order and layout of all else stay.
 */
export function setYaml(text: string, path: YamlPath, value: unknown, file: string): string {
  const document = parsed(text, file);
  plainValue(document, file);
  setNode(document, path, value);
  return spliced(text, document, path, value, file) ?? written(text, document, path, file);
}

/** The text with the nearest block around a change written anew, or where there is none all of it. */
function written(text: string, wanted: Document, path: YamlPath, file: string): string {
  for (let length = path.length - 1; length > 0; length--) {
    const block = path.slice(0, length);
    const node = walk(wanted, block);
    if (!node || !lineRange(text, parsed(text, file), block)) continue;
    const result = spliced(text, wanted, block, node.toJS(wanted), file);
    if (result !== undefined) return result;
  }
  return wanted.toString(printOptions);
}

/** Removes what is at a path; the text is the same when there is nothing. */
export function deleteYaml(text: string, path: YamlPath, file: string): string {
  const document = parsed(text, file);
  plainValue(document, file);
  const range = lineRange(text, document, path);
  if (!deleteNode(document, path)) return text;
  const parent = walk(document, path.slice(0, -1));
  if (isCollection(parent) && parent.items.length === 0 && path.length > 1) {
    return setYaml(text, path.slice(0, -1), isSeq(parent) ? [] : {}, file); // a bare key would be null
  }
  if (range) {
    const cut = text.slice(0, range[0]) + text.slice(range[1]);
    if (equal(cut, document)) return cut;
  }
  return written(text, document, path, file);
}

/** A key, or an item of a list: by its place (one behind the last is added), or by its field `name`. */
export type YamlPath = YamlStep[];
type ItemStep = number | { name: string };
type YamlStep = string | ItemStep;

function setNode(document: Document, path: YamlPath, value: unknown): void {
  if (document.contents === null) document.contents = document.createNode({}) as never;
  let node = document.contents as Node;
  path.forEach((step, i) => {
    const last = i === path.length - 1;
    if (typeof step !== "string") {
      if (last) return setItem(document, node, step, value);
      const item = itemOf(document, node, step);
      if (!item) throw new SkiffError("invalid_input", "An item is expected there");
      node = item;
      return;
    }
    if (!isMap(node)) throw new SkiffError("invalid_input", `"${path[i - 1] ?? "/"}" is no mapping there`);
    if (last) return node.set(keyOf(node, step) ?? step, document.createNode(value));
    let next = node.get(keyOf(node, step) ?? step, true) as Node | undefined;
    if (isAlias(next)) next = next.resolve(document) as Node;
    if (!isCollection(next)) {
      next = document.createNode(typeof path[i + 1] === "string" ? {} : []) as Node;
      node.set(keyOf(node, step) ?? step, next);
    }
    if (isCollection(next) && next.items.length === 0) next.flow = false;
    node = next!;
  });
}

/** -1 when the list has no such item. */
function placeOf(list: YAMLSeq, step: ItemStep): number {
  if (typeof step === "number") return step < list.items.length ? step : -1;
  return list.items.findIndex((item) => isMap(item) && item.get("name") === step.name);
}

function itemOf(document: Document, node: Node | undefined, step: ItemStep): Node | undefined {
  const item = isSeq(node) ? node.items[placeOf(node, step)] as Node | undefined : undefined;
  return isAlias(item) ? item.resolve(document) as Node : item;
}

function setItem(document: Document, node: Node, step: ItemStep, value: unknown): void {
  if (!isSeq(node)) throw new SkiffError("invalid_input", "A list is expected there");
  const at = placeOf(node, step);
  if (at < 0) node.add(document.createNode(value));
  else node.set(at, document.createNode(value));
}

/** Keys may be numbers in the file; they are asked for as text. */
function keyOf(node: Node, step: string): unknown {
  if (!isMap(node)) return undefined;
  return node.items.find(({ key }) => String((key as { value?: unknown })?.value ?? key) === step)?.key;
}

function deleteNode(document: Document, path: YamlPath): boolean {
  const parent = walk(document, path.slice(0, -1));
  const last = path.at(-1)!;
  if (typeof last === "string") return isMap(parent) && parent.delete(keyOf(parent, last) ?? last);
  if (!isSeq(parent)) return false;
  const at = placeOf(parent, last);
  return at >= 0 && parent.delete(at);
}

function walk(document: Document, path: YamlPath): Node | undefined {
  let node = document.contents as Node | undefined;
  for (const step of path) {
    if (typeof step !== "string") node = itemOf(document, node, step);
    else if (isMap(node)) node = node.get(keyOf(node, step) ?? step, true) as Node;
    else return undefined;
    if (isAlias(node)) node = node.resolve(document) as Node;
  }
  return node ?? undefined;
}

/**
 * The text with only the new lines put in or replaced, when that says the same as the document; undefined
 * where it cannot be done by lines (flow style, the root).
 */
function spliced(
  text: string,
  wanted: Document,
  path: YamlPath,
  value: unknown,
  file: string,
): string | undefined {
  const original = parsed(text, file);
  const range = lineRange(text, original, path);
  const last = path.at(-1)!;
  let result: string | undefined;
  if (range) {
    const indent = text.slice(range[0]).match(/^ */)![0].length;
    const comment = commentBeside(text, original, path);
    const block = lines(last, value, indent).replace("\n", () => `${comment}\n`);
    result = text.slice(0, range[0]) + block + text.slice(range[1]);
  } else {
    const parent = walk(original, path.slice(0, -1));
    if (!isCollection(parent) || parent.flow || !parent.range || parent.items.length === 0) {
      return path.length > 1 ? splicedParent(text, wanted, path, value, file) : undefined;
    }
    const first = parent.items[0] as { key?: Node } & Node;
    const start = (isPair(first) ? first.key as Node : first as Node)?.range?.[0];
    if (start === undefined) return undefined;
    const begin = text.lastIndexOf("\n", start - 1) + 1;
    // Of a mapping that is an item itself the first key stands behind the dash.
    const indent = isPair(first) ? start - begin : text.slice(begin).match(/^ */)![0].length;
    const at = endOfLines(text, parent.range[1]);
    const head = text.slice(0, at);
    result = head + (head === "" || head.endsWith("\n") ? "" : "\n") + lines(last, value, indent) +
      text.slice(at);
  }
  return equal(result, wanted) ? result : undefined;
}

/** When the parent is not there or empty: the same with `{last: value}` one step up. */
function splicedParent(
  text: string,
  wanted: Document,
  path: YamlPath,
  value: unknown,
  file: string,
): string | undefined {
  const last = path.at(-1)!;
  const inner = typeof last === "string" ? { [last]: value } : [value];
  return spliced(text, wanted, path.slice(0, -1), inner, file);
}

function lines(step: YamlStep, value: unknown, indent: number): string {
  const block = toYaml(typeof step === "string" ? { [step]: value } : [value]);
  return block.replace(/^(?=.)/gm, " ".repeat(indent));
}

/** The comment on the line of a key with the spaces before it: "  # here"; "" when there is none. */
function commentBeside(text: string, document: Document, path: YamlPath): string {
  const parent = walk(document, path.slice(0, -1));
  const last = path.at(-1)!;
  if (!isMap(parent) || typeof last !== "string") return "";
  const pair = parent.items.find(({ key }) => key === keyOf(parent, last));
  const key = (pair?.key as Node | undefined)?.range;
  if (!key) return "";
  const end = text.indexOf("\n", key[1]);
  const line = text.slice(key[1], end < 0 ? text.length : end);
  const value = (pair?.value as Node | undefined)?.range;
  // Behind a value of this line, else behind the colon, when the value is on lines of its own.
  const isHere = value && value[1] > value[0] && value[0] < key[1] + line.length;
  const rest = isHere ? line.slice(value[1] - key[1]) : line.replace(/^\s*:/, "");
  return /^\s+#/.test(rest) ? rest.trimEnd() : "";
}

/** From the start of the line of a block pair or item up to the line after its value; undefined elsewhere. */
function lineRange(text: string, document: Document, path: YamlPath): [number, number] | undefined {
  const parent = walk(document, path.slice(0, -1));
  const last = path.at(-1)!;
  if (!isCollection(parent) || parent.flow) return undefined;
  let start: number | undefined;
  let end: number | undefined;
  if (typeof last === "string" && isMap(parent)) {
    const pair = parent.items.find(({ key }) => key === keyOf(parent, last));
    start = (pair?.key as Node | undefined)?.range?.[0];
    end = (pair?.value as Node | undefined)?.range?.[1] ?? (pair?.key as Node | undefined)?.range?.[1];
  } else if (typeof last !== "string" && isSeq(parent)) {
    const item = parent.items[placeOf(parent, last)] as Node | undefined;
    start = item?.range?.[0];
    end = item?.range?.[1];
  }
  if (start === undefined || end === undefined) return undefined;
  const begin = text.lastIndexOf("\n", start - 1) + 1;
  const before = text.slice(begin, start);
  const shape = typeof last === "string" ? /^ *$/ : /^ *- +$/;
  return shape.test(before) ? [begin, endOfLines(text, end)] : undefined;
}

/** Behind the last line that holds something of a node which ends at `end`; empty lines behind it stay. */
function endOfLines(text: string, end: number): number {
  const upTo = text.slice(0, end).trimEnd().length;
  const next = text.indexOf("\n", upTo);
  return next < 0 ? text.length : next + 1;
}

function equal(text: string, wanted: Document): boolean {
  const document = parseDocument(text, parseOptions);
  if (document.errors.length > 0) return false;
  return JSON.stringify(document.toJS() ?? {}) === JSON.stringify(wanted.toJS() ?? {});
}

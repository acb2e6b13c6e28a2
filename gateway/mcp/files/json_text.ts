/** JSON with comments and trailing commas (JSONC): read with places in errors, changed so that all else stays. */
import {
  applyEdits,
  findNodeAtLocation,
  modify,
  type Node,
  parse,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";
import { SkiffError } from "../../../core/errors/skiff_error.ts";

/** The value of a text; undefined for an empty one. Throws "invalid_input" with file, line and column. */
export function parseJson(text: string, path: string): unknown {
  if (text.trim() === "") return undefined;
  const errors: ParseError[] = [];
  const value = valueOf(text, errors);
  if (errors.length > 0) {
    const before = text.slice(0, errors[0].offset).split("\n");
    const reason = printParseErrorCode(errors[0].error).replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
    throw new SkiffError(
      "invalid_input",
      `${path}:${before.length}:${before.at(-1)!.length + 1}: ${reason}`,
      {
        hint: "Repair the JSON at that place.",
      },
    );
  }
  return value;
}

/** Most files have neither comments nor trailing commas; the language's own reader is many times as fast. */
function valueOf(text: string, errors: ParseError[] = []): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parse(text, errors, { allowTrailingComma: true, disallowComments: false });
  }
}

/** As `parseJson`, of a text that must hold an object; {} for an empty one. */
export function parseJsonObject(text: string, path: string): Record<string, unknown> {
  const value = parseJson(text, path);
  if (value === undefined) return {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SkiffError("invalid_input", `${path}:1:1: a JSON object is expected here`, {
      hint: "The file must begin with {.",
    });
  }
  return value as Record<string, unknown>;
}

/**
 * Sets (undefined: removes) the value at a path of keys, making the objects on the way. Comments, order,
 * indentation and trailing commas of all else stay. Throws "invalid_input" when something on the way is no object.
 */
export function setJson(text: string, path: string[], value: unknown, file: string): string {
  let at: unknown = parseJsonObject(text, file);
  path.slice(0, -1).forEach((key, i) => {
    const next = own(at, key);
    if (next !== undefined && (typeof next !== "object" || next === null || Array.isArray(next))) {
      throw new SkiffError("invalid_input", `${file}: "${path.slice(0, i + 1).join(".")}" is no object`, {
        hint: "Repair or remove that setting.",
      });
    }
    at = next;
  });
  if (value === undefined && own(at, path.at(-1)!) === undefined) return text;
  if (value === undefined) {
    const change = without(text, path);
    if (change !== undefined && holds(change, text, path, undefined)) return change;
    return checked(applyEdits(text, modify(text, path, undefined, {})), { text, path, value, file });
  }
  const base = text.trim() === "" ? "{}\n" : text;
  const change = placed(base, path, value);
  if (change !== undefined && holds(change, base, path, value)) return change;
  const changed = applyEdits(base, modify(base, path, value, { formattingOptions: layoutOf(base) }));
  return checked(changed, { text: base, path, value, file });
}

/** A key that stands twice means its last value to most readers, and another one is changed. */
function checked(
  changed: string,
  { text, path, value, file }: { text: string; path: string[]; value: unknown; file: string },
): string {
  if (holds(changed, text, path, value)) return changed;
  throw new SkiffError("invalid_input", `${file}: "${path.join(".")}" cannot be changed there`, {
    hint: "Look for a key that stands there twice.",
  });
}

/** Whether a text says the same as the one before with the value set (undefined: removed). */
function holds(text: string, before: string, path: string[], value: unknown): boolean {
  const errors: ParseError[] = [];
  const is = valueOf(text, errors);
  const wanted = valueOf(before) ?? {};
  let at = wanted as Record<string, unknown>;
  for (const key of path.slice(0, -1)) at = (at[key] ??= {}) as Record<string, unknown>;
  if (value === undefined) delete at[path.at(-1)!];
  else at[path.at(-1)!] = value;
  return errors.length === 0 && JSON.stringify(is) === JSON.stringify(wanted);
}

/** The text with only the value put in, in the manner of what stands around; undefined where that cannot be done. */
function placed(text: string, path: string[], value: unknown): string | undefined {
  const root = parseTree(text, [], { allowTrailingComma: true });
  const parent = root && (path.length === 1 ? root : findNodeAtLocation(root, path.slice(0, -1)));
  const key = path.at(-1)!;
  if (!parent) return placed(text, path.slice(0, -1), { [key]: value });
  if (parent.type !== "object" || !parent.children) return undefined;
  const present = findNodeAtLocation(parent, [key]);
  if (present) {
    const written = asText(value, lineIndent(text, present.offset), text);
    return text.slice(0, present.offset) + written + text.slice(present.offset + present.length);
  }
  const last = parent.children.at(-1);
  return last ? behind(text, parent, last, { key, value }) : inside(text, parent, { key, value });
}

/** The text without a property and one comma, its own or the one before it; comments around it stay. */
function without(text: string, path: string[]): string | undefined {
  const root = parseTree(text, [], { allowTrailingComma: true });
  const property = root && findNodeAtLocation(root, path)?.parent;
  const siblings = property?.parent?.children;
  if (!property || !siblings) return undefined;
  const end = property.offset + property.length;
  const comma = /^[ \t]*,/.exec(text.slice(end));
  const previous = siblings[siblings.indexOf(property) - 1];
  const isLast = siblings.at(-1) === property;
  const stray = !comma && isLast && previous
    ? commaBetween(text, previous.offset + previous.length, property.offset)
    : undefined;
  const [from, to] = wholeLines(text, property.offset, end + (comma?.[0].length ?? 0));
  const head = text.slice(0, from);
  return (stray === undefined ? head : head.slice(0, stray) + head.slice(stray + 1)) + text.slice(to);
}

/** Where the comma is that stands between two places, not in a comment. */
function commaBetween(text: string, from: number, to: number): number | undefined {
  const blank = text.slice(from, to).replace(
    /\/\/[^\n]*|\/\*[^]*?\*\//g,
    (comment) => " ".repeat(comment.length),
  );
  const at = blank.indexOf(",");
  return at < 0 ? undefined : from + at;
}

/** A range together with the white space around it, where it has its lines to itself. */
function wholeLines(text: string, from: number, to: number): [number, number] {
  const start = text.lastIndexOf("\n", from - 1) + 1;
  const rest = /^[ \t]*(\r?\n|$)/.exec(text.slice(to));
  if (text.slice(start, from).trim() !== "") { // behind others on its line: one of the two spaces goes
    if (rest || /^\s*[}\]]/.test(text.slice(to))) return [text.slice(0, from).trimEnd().length, to];
    return [from, to + /^[ \t]*/.exec(text.slice(to))![0].length];
  }
  return rest ? [start, to + rest[0].length] : [from, to];
}

interface Property {
  key: string;
  value: unknown;
}

/** A first property, between braces with nothing but space between them. */
function inside(text: string, parent: Node, { key, value }: Property): string | undefined {
  const end = parent.offset + parent.length;
  if (text.slice(parent.offset + 1, end - 1).trim() !== "") return undefined;
  const outer = lineIndent(text, parent.offset);
  const indent = outer + unitOf(text);
  const property = `${JSON.stringify(key)}: ${asText(value, indent, text)}`;
  return `${text.slice(0, parent.offset)}{\n${indent}${property}\n${outer}}${text.slice(end)}`;
}

/** Behind the last property, on a line of its own where the last one has a line of its own. */
function behind(text: string, parent: Node, last: Node, { key, value }: Property): string | undefined {
  const at = last.offset + last.length;
  const rest = /^[ \t]*(,?)[ \t]*(\/\/[^\r\n]*|\/\*[^\n]*?\*\/[ \t]*)?(?=\r?\n)/.exec(text.slice(at));
  const name = JSON.stringify(key);
  if (!rest) {
    if (text.slice(parent.offset, at).includes("\n")) return undefined;
    const property = `, ${name}: ${JSON.stringify(value)}`;
    return text.slice(0, at) + property + text.slice(at);
  }
  const indent = lineIndent(text, last.offset);
  const property = `\n${indent}${name}: ${asText(value, indent, text)}${rest[1]}`;
  const lineEnd = at + rest[0].length;
  return text.slice(0, at) + (rest[1] ? "" : ",") + text.slice(at, lineEnd) + property + text.slice(lineEnd);
}

const asText = (value: unknown, indent: string, text: string) =>
  JSON.stringify(value, null, unitOf(text)).replaceAll("\n", `\n${indent}`);

/** The white space at the start of the line of a place. */
function lineIndent(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf("\n", offset - 1) + 1))![0];
}

function own(value: unknown, key: string): unknown {
  return value !== null && typeof value === "object" && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

/** One step of indentation: as the first indented line has it. */
function unitOf(text: string): string {
  return /\n([ \t]+)\S/.exec(text)?.[1].replace(/^\t+/, "\t") ?? "  ";
}

function layoutOf(text: string): { tabSize: number; insertSpaces: boolean; eol: string } {
  const unit = unitOf(text);
  return { tabSize: unit === "\t" ? 4 : unit.length, insertSpaces: unit !== "\t", eol: "\n" };
}

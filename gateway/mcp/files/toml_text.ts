/** TOML of other programs: tables set and removed by lines, so that comments and layout of all else stay. */
import { parse, stringify, TomlError } from "smol-toml";
import { SkiffError } from "../../../core/errors/skiff_error.ts";

/** The value of a text. Throws "invalid_input" with file, line and column. */
export function parseToml(text: string, path: string): Record<string, unknown> {
  try {
    return parse(text, { integersAsBigInt: "asNeeded" });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split("\n")[0].replace(/^Invalid TOML document: /, "");
    throw new SkiffError("invalid_input", `${path}:${error.line}:${error.column}: ${reason}`, {
      hint: "Repair the file at that place.",
      cause: error,
    });
  }
}

/**
 * Sets (undefined: removes) the table `[parent.name]` with all below it; a table that is there is replaced in
 * its place, a new one goes to the end. Throws "invalid_input" for text in which that cannot be done by
 * tables, such as `parent = {…}` on one line.
 */
export function setTable(
  text: string,
  [parent, name]: [string, string],
  value: Record<string, unknown> | undefined,
  path: string,
): string {
  const before = parseToml(text, path);
  const had = (before[parent] as Record<string, unknown> | undefined)?.[name];
  if (value === undefined && had === undefined) return text;
  const wanted = { ...before, [parent]: { ...before[parent] as object, [name]: value } } as Tables;
  if (value === undefined) delete wanted[parent][name];
  const lines = text.split("\n");
  const sections = sectionsOf(lines).filter(({ keys }) => keys[0] === parent && keys[1] === name);
  const block = value === undefined ? [] : stringify({ [parent]: { [name]: value } }).trimEnd().split("\n");
  const result = sections.length > 0
    ? replaced(lines, sections, block)
    : had === undefined
    ? appended(text, block)
    : undefined;
  if (result === undefined || !says(result, prunedParent(wanted, parent))) {
    throw new SkiffError("invalid_input", `${path}: "${parent}.${name}" cannot be changed by lines there`, {
      hint: `Write its settings as a table, [${parent}.${name}], or change it by hand.`,
    });
  }
  return result;
}

type Tables = Record<string, Record<string, unknown>>;

interface Section {
  keys: string[];
  /** Line of the header, and the one behind the last that belongs to it. */
  start: number;
  end: number;
}

/** The tables of a text. Lines inside of multi-line texts and lists are no headers. */
function sectionsOf(lines: string[]): Section[] {
  const sections: Section[] = [];
  const state = { quote: "", depth: 0 };
  lines.forEach((line, i) => {
    const header = state.quote === "" && state.depth === 0 && /^\s*\[\[?(.+?)\]\]?\s*(#.*)?$/.exec(line);
    if (header && !/^\s*\[.*=/.test(line.replace(/"[^"]*"|'[^']*'/g, ""))) {
      sections.push({ keys: headerKeys(header[1]), start: i, end: lines.length });
      if (sections.length > 1) sections.at(-2)!.end = i;
    } else scan(line, state);
  });
  for (const section of sections) section.end = withoutTail(lines, section);
  return sections;
}

/** Comments and empty lines before the next header belong to that one. */
function withoutTail(lines: string[], { start, end }: Section): number {
  while (end > start + 1 && /^\s*(#.*)?$/.test(lines[end - 1])) end--;
  return end;
}

function headerKeys(text: string): string[] {
  const keys = text.matchAll(/\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*(?:\.|$)/g);
  return Array.from(keys, ([, basic, literal, bare]) => basic ?? literal ?? bare);
}

/** Follows multi-line texts and lists through a line. */
function scan(line: string, state: { quote: string; depth: number }): void {
  for (let i = 0; i < line.length; i++) {
    const rest = line.slice(i, i + 3);
    if (state.quote) {
      if (state.quote.startsWith('"') && line[i] === "\\") i++;
      else if (line.startsWith(state.quote, i)) {
        i += state.quote.length - 1;
        state.quote = "";
      }
    } else if (rest === '"""' || rest === "'''") {
      state.quote = rest;
      i += 2;
    } else if (line[i] === '"' || line[i] === "'") state.quote = line[i];
    else if (line[i] === "#") break;
    else if ("[{".includes(line[i])) state.depth++;
    else if ("]}".includes(line[i])) state.depth--;
  }
  if (state.quote.length === 1) state.quote = ""; // a text of one line cannot go on
}

function replaced(lines: string[], sections: Section[], block: string[]): string {
  const result = [...lines];
  for (const { start, end } of sections.toReversed()) {
    const first = start === sections[0].start;
    result.splice(start, end - start, ...(first ? block : []));
    const gap = (at: number) => result[at] !== undefined && result[at].trim() === "";
    while ((!first || block.length === 0) && gap(start) && (gap(start - 1) || start === 0)) {
      result.splice(start, 1);
    }
  }
  return result.join("\n");
}

function appended(text: string, block: string[]): string {
  const base = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  const gap = base === "" || base.endsWith("\n\n") ? "" : "\n";
  return `${base}${gap}${block.join("\n")}\n`;
}

/** With its last table the parent goes, too, unless it has a header of its own. */
function prunedParent(wanted: Tables, parent: string) {
  const empty = wanted[parent] && Object.keys(wanted[parent]).length === 0;
  const { [parent]: _, ...without } = wanted;
  return empty ? [wanted, without] : [wanted];
}

function says(text: string, wanted: Record<string, unknown>[]): boolean {
  try {
    const value = canonical(parse(text, { integersAsBigInt: "asNeeded" }));
    return wanted.some((one) => canonical(one) === value);
  } catch {
    return false;
  }
}

function canonical(value: unknown): string {
  return JSON.stringify(
    value,
    (_, part) =>
      part !== null && typeof part === "object" && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => a < b ? -1 : 1))
        : typeof part === "bigint"
        ? `${part}`
        : part,
  );
}

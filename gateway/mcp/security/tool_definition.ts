/** What a model is told of a tool, and how that differs between two days. */
import type { Tool } from "../sdk.ts";
import { visible } from "./hidden_text.ts";

/** All that reaches a model. */
export type ToolDefinition = Pick<
  Tool,
  "title" | "description" | "inputSchema" | "outputSchema" | "annotations"
>;

export function definitionOf(
  { title, description, inputSchema, outputSchema, annotations }: Tool,
): ToolDefinition {
  return { title, description, inputSchema, outputSchema, annotations };
}

/** Whether a model is told the same; the rest of a tool does not count. */
export function isSame(a: ToolDefinition, b: ToolDefinition): boolean {
  return a === b || canonical(a) === canonical(b);
}

/** Definitions are not changed once they are there, and compared often. */
const canonicals = new WeakMap<ToolDefinition, string>();

function canonical(definition: ToolDefinition): string {
  const known = canonicals.get(definition);
  if (known !== undefined) return known;
  const { title, description, inputSchema, outputSchema, annotations } = definition;
  const text = JSON.stringify({ title, description, inputSchema, outputSchema, annotations }, sorted);
  canonicals.set(definition, text);
  return text;
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}

const mostLines = 12;
const longestText = 300;

/** `description: "Adds a note" -> "Adds a note. First …"`, a line for each place; hidden characters are shown. */
export function differences(before: ToolDefinition, after: ToolDefinition): string[] {
  const lines = [...changes("", plain(before), plain(after))];
  return lines.length <= mostLines
    ? lines
    : [...lines.slice(0, mostLines), `and ${lines.length - mostLines} more`];
}

/** Without the fields that are undefined, as the file has it. */
const plain = (definition: ToolDefinition): unknown => JSON.parse(JSON.stringify(definition));

function* changes(place: string, before: unknown, after: unknown): Generator<string> {
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  if (isObject(before) && isObject(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      yield* changes(place ? `${place}.${name}` : name, before[name], after[name]);
    }
    return;
  }
  const where = visible(place).slice(1, -1);
  if (before === undefined) yield `${where}: new: ${shown(after)}`;
  else if (after === undefined) yield `${where}: gone: ${shown(before)}`;
  else yield `${where}: ${fromDifference(before, after)}`;
}

/** Of two long texts what stands around their first difference. */
function fromDifference(before: unknown, after: unknown): string {
  if (typeof before !== "string" || typeof after !== "string") return `${shown(before)} -> ${shown(after)}`;
  let at = 0;
  while (at < before.length && before[at] === after[at]) at++;
  const from = Math.max(0, at - 40);
  const lead = from > 0 ? "…" : "";
  return `${shown(lead + before.slice(from))} -> ${shown(lead + after.slice(from))}`;
}

function shown(value: unknown): string {
  const text = visible(typeof value === "string" ? value : JSON.stringify(value) ?? "undefined");
  const readable = typeof value === "string" ? text : text.slice(1, -1).replaceAll('\\"', '"');
  return readable.length <= longestText ? readable : `${readable.slice(0, longestText)}…`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

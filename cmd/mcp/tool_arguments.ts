/** The arguments of `skiff mcp tools call`: words into what a tool takes. */

interface Schema {
  properties?: Record<string, unknown>;
}

/**
 * `KEY=VALUE` gives a text, a key that is repeated a list, a bare one null. What is no text by the tool's schema
 * becomes what that wants; a value that cannot stays a text, for the tool to say what is wrong with it.
 */
export function toolArguments(words: string[], schema: Schema = {}): Record<string, unknown> {
  const values = new Map<string, unknown>(); // any word may be a key, "constructor" too
  for (const word of words) {
    const at = word.indexOf("=");
    const [key, value] = at < 0 ? [word, null] : [word.slice(0, at), word.slice(at + 1)];
    const before = values.get(key);
    values.set(key, !values.has(key) ? value : Array.isArray(before) ? [...before, value] : [before, value]);
  }
  const properties = schema.properties ?? {};
  return Object.fromEntries(
    [...values].map((
      [key, value],
    ) => [key, Object.hasOwn(properties, key) ? fitted(value, properties[key]) : value]),
  );
}

/** A value as its schema wants it; one that may be a text stays one. */
function fitted(value: unknown, schema: unknown): unknown {
  const { type, items } = (schema ?? {}) as { type?: string | string[]; items?: unknown };
  const types = type === undefined ? [] : Array.isArray(type) ? type : [type];
  if (Array.isArray(value)) return value.map((item) => fitted(item, items));
  if (typeof value !== "string" || types.includes("string")) return value;
  if (types.includes("array") && !value.startsWith("[")) return [fitted(value, items)];
  const json = parsed(value);
  return types.some((one) => isOf(json, one)) ? json : value;
}

function isOf(value: unknown, type: string): boolean {
  if (type === "number") return typeof value === "number";
  if (type === "integer") return Number.isInteger(value);
  if (type === "boolean") return typeof value === "boolean";
  if (type === "array") return Array.isArray(value);
  return type === "object" && value !== null && typeof value === "object" && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

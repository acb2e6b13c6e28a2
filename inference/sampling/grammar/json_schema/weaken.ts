/**
 * Schemas of tools come as they are: where a part cannot be enforced, a weaker one takes its place, which
 * allows everything that the part allows. The refusals of the reader and the writer say which part it is.
 */
import { isObject, type SchemaObject } from "./document.ts";

/** Keywords whose values are schemas by name, and lists of schemas. */
const maps = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]);
const lists = new Set(["anyOf", "oneOf", "allOf", "prefixItems"]);

/** What a value's own schema may lose when together it is too much. */
const limits = [
  "pattern",
  "format",
  "minLength",
  "maxLength",
  "multipleOf",
  "minProperties",
  "maxProperties",
  "uniqueItems",
];

/**
 * The schema without what stands at `pointers` (as in a refusal: one or several, separated by ", "). The
 * given one is not changed.
 */
export function weakened(schema: unknown, pointers: string): unknown {
  const copy = structuredClone(schema);
  const weakest = pointers.split(", ").some((pointer) => !weakenAt(copy, pointer));
  return weakest ? { type: "object" } : copy;
}

/** False when the whole schema has to go. */
function weakenAt(root: unknown, pointer: string): boolean {
  const keys = pointer.split("/").slice(1).map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = keys.pop();
  if (last === undefined) return isObject(root) && withoutLimits(root);
  let at: unknown = root;
  let kind: "schema" | "map" | "list" = "schema";
  for (const key of keys) {
    if (at === null || typeof at !== "object") return false;
    at = (at as SchemaObject)[key];
    kind = kind !== "schema" ? "schema" : maps.has(key) ? "map" : lists.has(key) ? "list" : "schema";
  }
  if (Array.isArray(at)) return weakenMember(at as unknown as SchemaObject, last);
  if (!isObject(at)) return false;
  if (kind === "map" && keys.at(-1) === "patternProperties") return weakenPattern(root, keys, last);
  return kind === "map" || !isKeyword(at, last) ? weakenMember(at, last) : weakenKeyword(at, last);
}

/** A schema below `items` and the like is a schema; every other key of a schema is a keyword. */
function isKeyword(schema: SchemaObject, key: string): boolean {
  return !(["items", "additionalProperties", "additionalItems"].includes(key) && isObject(schema[key]));
}

/** Takes the limits of a schema away, or all of it. */
function weakenMember(holder: SchemaObject, key: string): boolean {
  const schema = holder[key];
  if (!isObject(schema) || !withoutLimits(schema)) holder[key] = true;
  return true;
}

function withoutLimits(schema: SchemaObject): boolean {
  const found = limits.filter((key) => key in schema);
  for (const key of found) delete schema[key];
  return found.length > 0;
}

/** Of branches that exclude each other, what remains is that one of them holds. */
function weakenKeyword(schema: SchemaObject, key: string): boolean {
  const value = schema[key];
  delete schema[key];
  if (key === "oneOf" && Array.isArray(value) && value.length > 0) {
    if (schema.anyOf === undefined) schema.anyOf = value;
    else schema.allOf = [...Array.isArray(schema.allOf) ? schema.allOf : [], { anyOf: value }];
  }
  return true;
}

/** The keys of a pattern that is gone become other keys, which then must be allowed. */
function weakenPattern(root: unknown, keys: string[], pattern: string): boolean {
  let schema = root as SchemaObject;
  for (const key of keys.slice(0, -1)) schema = schema[key] as SchemaObject;
  delete (schema.patternProperties as SchemaObject)[pattern];
  if (schema.additionalProperties !== undefined) schema.additionalProperties = true;
  return true;
}

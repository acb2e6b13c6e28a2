/** The keywords of JSON Schema that speak of one type: numbers, strings, arrays, objects. */
import { parsePattern, PatternError } from "./pattern.ts";
import { formatExpression } from "./formats.ts";
import { below, isObject, refusal, type SchemaDocument, type SchemaObject } from "./document.ts";
import {
  type Alternative,
  anyNumber,
  anyObject,
  anyString,
  both,
  type Conjunction,
  type NumberShape,
  propertyOf,
  type StringShape,
} from "./shapes.ts";

export const typeKeywords: Record<string, string[]> = {
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  string: ["minLength", "maxLength", "pattern", "format"],
  array: ["items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems"],
  object: [
    "properties",
    "required",
    "additionalProperties",
    "patternProperties",
    "minProperties",
    "maxProperties",
  ],
};

const largestMultiple = 1000;

export function readNumber(schema: SchemaObject, pointer: string, integer: boolean): Alternative[] {
  const bound = (key: string) => {
    const value = schema[key];
    if (value === undefined || typeof value === "boolean") return undefined;
    if (typeof value !== "number") throw refusal(below(pointer, key), "a number is needed");
    return value;
  };
  const shape: NumberShape = { ...anyNumber, integer, min: bound("minimum"), max: bound("maximum") };
  const above = bound("exclusiveMinimum"), under = bound("exclusiveMaximum");
  // Draft 4 has booleans that make minimum and maximum exclusive.
  if (schema.exclusiveMinimum === true) shape.aboveMin = true;
  if (schema.exclusiveMaximum === true) shape.belowMax = true;
  if (above !== undefined && above >= (shape.min ?? -Infinity)) [shape.min, shape.aboveMin] = [above, true];
  if (under !== undefined && under <= (shape.max ?? Infinity)) [shape.max, shape.belowMax] = [under, true];
  const multipleOf = bound("multipleOf");
  if (multipleOf !== undefined) {
    if (!Number.isInteger(multipleOf) || multipleOf < 1 || multipleOf > largestMultiple) {
      const what = `only whole numbers from 1 to ${largestMultiple} can be enforced`;
      throw refusal(below(pointer, "multipleOf"), what);
    }
    shape.integer = true;
    if (multipleOf > 1) shape.multipleOf = multipleOf;
  }
  const { min = -Infinity, max = Infinity } = shape;
  return min > max || (min === max && (shape.aboveMin || shape.belowMax)) ? [] : [shape];
}

export function readString(schema: SchemaObject, pointer: string, strict: boolean): Alternative[] {
  const shape: StringShape = { ...anyString, matches: [] };
  [shape.min, shape.max] = readRange(schema, pointer, "minLength", "maxLength");
  if (schema.pattern !== undefined) {
    const source = schema.pattern;
    if (typeof source !== "string") throw refusal(below(pointer, "pattern"), "a pattern is a string");
    shape.matches.push({ source, expression: patternAt(source, below(pointer, "pattern")) });
  }
  if (schema.format !== undefined) {
    const expression = formatExpression(String(schema.format));
    if (expression) shape.matches.push({ source: `format:${schema.format}`, expression });
    else if (strict) {
      throw refusal(below(pointer, "format"), `the format "${schema.format}" cannot be enforced`);
    }
  }
  return shape.min > shape.max ? [] : [shape];
}

function patternAt(source: string, pointer: string) {
  try {
    return parsePattern(source);
  } catch (error) {
    if (error instanceof PatternError) {
      throw refusal(pointer, `the pattern cannot be enforced: ${error.message}`);
    }
    throw error;
  }
}

/** A pair of counts, 0 and Infinity where the schema does not say. */
function readRange(schema: SchemaObject, pointer: string, minKey: string, maxKey: string): [number, number] {
  const count = (key: string, otherwise: number) => {
    const value = schema[key] ?? otherwise;
    if (typeof value !== "number" || value < 0 || (value !== Infinity && !Number.isInteger(value))) {
      throw refusal(below(pointer, key), "a whole number from 0 on is needed");
    }
    return value;
  };
  return [count(minKey, 0), count(maxKey, Infinity)];
}

export function readArray(schema: SchemaObject, pointer: string, document: SchemaDocument): Alternative[] {
  let [min, max] = readRange(schema, pointer, "minItems", "maxItems");
  const tuple = schema.prefixItems !== undefined
    ? "prefixItems"
    : Array.isArray(schema.items)
    ? "items"
    : undefined;
  const restKey = tuple === "items" ? "additionalItems" : "items";
  const prefix: Conjunction[] = [];
  if (tuple !== undefined) {
    const list = schema[tuple];
    if (!Array.isArray(list)) throw refusal(below(pointer, tuple), "a list of schemas is needed");
    list.forEach((_, i) => prefix.push(conjunction(document, below(pointer, tuple, i)) || []));
    const refused = list.indexOf(false);
    if (refused >= 0) max = Math.min(max, refused);
  }
  const items = schema[restKey] === undefined ? [] : conjunction(document, below(pointer, restKey));
  if (items === false) max = Math.min(max, prefix.length);
  if (schema.uniqueItems === true && max > 1) {
    throw refusal(below(pointer, "uniqueItems"), "that items differ cannot be enforced while generating");
  }
  return min > max ? [] : [{ type: "array", prefix, items, min, max }];
}

/** The schema at a pointer as a conjunction; false where it allows nothing. */
function conjunction(document: SchemaDocument, pointer: string): Conjunction | false {
  const schema = document.at(pointer);
  if (schema === false) return false;
  if (schema === true || Object.keys(schema).length === 0) return [];
  return [document.canonical(pointer)];
}

export function readObject(schema: SchemaObject, pointer: string, document: SchemaDocument): Alternative[] {
  const shape = anyObject();
  [shape.min, shape.max] = readRange(schema, pointer, "minProperties", "maxProperties");
  if (schema.additionalProperties !== undefined) {
    shape.additional = conjunction(document, below(pointer, "additionalProperties"));
  }
  for (const source of schemasIn(schema, pointer, "patternProperties")) {
    const place = below(pointer, "patternProperties", source);
    const value = conjunction(document, place);
    if (value === false) throw refusal(place, "forbidding keys by a pattern cannot be enforced");
    shape.patterns.push({ source, expression: patternAt(source, place), value });
  }
  for (const name of schemasIn(schema, pointer, "properties")) {
    const value = conjunction(document, below(pointer, "properties", name));
    const patterned = shape.patterns.filter(({ source }) => new RegExp(source, "u").test(name));
    shape.properties.set(name, value && patterned.reduce((all, p) => both(all, p.value), value));
  }
  const required = schema.required ?? [];
  if (!Array.isArray(required)) {
    if (typeof required === "boolean") return [shape]; // draft 3 wrote it at the property
    throw refusal(below(pointer, "required"), "a list of names is needed");
  }
  for (const name of required) {
    const value = propertyOf(shape, String(name));
    if (value === false) return [];
    shape.required.add(String(name));
    shape.properties.set(String(name), value);
  }
  return Math.max(shape.min, shape.required.size) > shape.max ? [] : [shape];
}

function schemasIn(schema: SchemaObject, pointer: string, key: string): string[] {
  const map = schema[key];
  if (map === undefined) return [];
  if (!isObject(map)) throw refusal(below(pointer, key), "an object of schemas is needed");
  return Object.keys(map);
}

/** JSON Schema -> alternatives. Refuses, with its JSON pointer, every keyword that it cannot enforce. */
import { fitsAny } from "./values.ts";
import { annotations, below, isObject, refusal, type SchemaDocument, type SchemaObject } from "./document.ts";
import { readArray, readNumber, readObject, readString, typeKeywords } from "./typed_keywords.ts";
import { type Alternative, anything, type Conjunction, meet } from "./shapes.ts";
import { excludes, type Forbid } from "./exclusion.ts";

/** Keywords that are read here. */
const generalKeywords = new Set([
  "type",
  "const",
  "enum",
  "$ref",
  "anyOf",
  "oneOf",
  "allOf",
  "nullable",
  ...Object.values(typeKeywords).flat(),
]);

/** Known keywords that no grammar enforces. */
const unenforceable = new Set([
  "not",
  "if",
  "then",
  "else",
  "contains",
  "minContains",
  "maxContains",
  "dependentRequired",
  "dependentSchemas",
  "dependencies",
  "propertyNames",
  "unevaluatedProperties",
  "unevaluatedItems",
  "$dynamicRef",
  "$recursiveRef",
]);

/** They do not change which values a schema allows, except in ways that other keywords say. */
const ignored = new Set([
  ...annotations,
  "contentMediaType",
  "contentEncoding",
  "contentSchema",
  "$dynamicAnchor",
]);

/** Branches of anyOf times those beside it. */
const mostCombinations = 100_000;

export interface ReaderOptions {
  /** Refuse unknown keywords and formats instead of taking them for annotations. */
  strict?: boolean;
}

export class SchemaReader {
  readonly document: SchemaDocument;
  readonly strict: boolean;
  readonly #read = new Map<string, Alternative[]>();
  readonly #reading = new Set<string>();

  constructor(document: SchemaDocument, options: ReaderOptions = {}) {
    this.document = document;
    this.strict = options.strict ?? false;
  }

  /** What a value must be to satisfy all of the schemas; empty when none can. */
  readAll(pointers: Conjunction): Alternative[] {
    return pointers.map((pointer) => this.read(pointer))
      .reduce((a, b) => this.#meet(a, b), anything());
  }

  /** What the schema at a pointer allows. */
  read(pointer: string): Alternative[] {
    const known = this.#read.get(pointer);
    if (known) return known;
    if (this.#reading.has(pointer)) {
      throw refusal(pointer, "the schema refers back to itself without a value between");
    }
    this.#reading.add(pointer);
    const schema = this.document.at(pointer);
    const result = schema === true ? anything() : schema === false ? [] : this.#readObject(schema, pointer);
    this.#reading.delete(pointer);
    this.#read.set(pointer, result);
    return result;
  }

  /** The schema is being read further up: what it allows is not known yet. */
  isReading(pointer: string): boolean {
    return this.#reading.has(pointer);
  }

  #meet(a: Alternative[], b: Alternative[]): Alternative[] {
    if (a.length * b.length > mostCombinations) {
      throw refusal("#", "allOf and anyOf combine in too many ways");
    }
    return meet(a, b, (value, alternative) => fitsAny(this, value, [alternative]));
  }

  #readObject(schema: SchemaObject, pointer: string): Alternative[] {
    this.#refuseUnenforceable(schema, pointer);
    const parts = [this.#readTypes(schema, pointer)];
    const values = this.#readValues(schema, pointer);
    if (values) parts.push(values);
    if (schema.$ref !== undefined) parts.push(this.read(this.document.resolve(schema.$ref, pointer)));
    for (const part of this.#branches(schema, pointer, "allOf")) parts.push(this.read(part));
    if (schema.anyOf !== undefined) {
      parts.push(this.#branches(schema, pointer, "anyOf").flatMap((part) => this.read(part)));
    }
    if (schema.oneOf !== undefined) parts.push(this.#readOneOf(schema, pointer));
    const result = parts.reduce((a, b) => this.#meet(a, b));
    return schema.nullable === true ? [...result, { type: "null" }] : result;
  }

  #refuseUnenforceable(schema: SchemaObject, pointer: string): void {
    for (const key of Object.keys(schema)) {
      if (generalKeywords.has(key) || ignored.has(key)) continue;
      const place = below(pointer, key);
      if (unenforceable.has(key)) throw refusal(place, `"${key}" cannot be enforced while generating`);
      if (this.strict && !key.startsWith("x-")) {
        throw refusal(place, `"${key}" is not known, so it cannot be enforced`);
      }
    }
  }

  #readTypes(schema: SchemaObject, pointer: string): Alternative[] {
    const types = this.#types(schema, pointer);
    const found: Alternative[] = [];
    for (const type of types) {
      if (type === "null" || type === "boolean") found.push({ type });
      else if (type === "string") found.push(...readString(schema, pointer, this.strict));
      else if (type === "number") found.push(...readNumber(schema, pointer, false));
      else if (type === "integer") {
        if (!types.includes("number")) found.push(...readNumber(schema, pointer, true));
      } else if (type === "array") found.push(...readArray(schema, pointer, this.document));
      else if (type === "object") found.push(...readObject(schema, pointer, this.document));
      else throw refusal(below(pointer, "type"), `"${type}" is not a type of JSON`);
    }
    return found;
  }

  /** The types named, or those that the keywords speak of, or all. */
  #types(schema: SchemaObject, pointer: string): string[] {
    const { type } = schema;
    if (typeof type === "string") return [type];
    if (Array.isArray(type) && type.every((t) => typeof t === "string")) return [...new Set(type)];
    if (type !== undefined) throw refusal(below(pointer, "type"), "a type is a string or a list of strings");
    const all = ["null", "boolean", "number", "string", "array", "object"];
    if (["const", "enum", "$ref", "anyOf", "oneOf", "allOf"].some((key) => schema[key] !== undefined)) {
      return all;
    }
    const spoken = Object.entries(typeKeywords).filter(([, keys]) =>
      keys.some((key) => schema[key] !== undefined)
    );
    return spoken.length > 0 ? spoken.map(([name]) => name) : all;
  }

  #readValues(schema: SchemaObject, pointer: string): Alternative[] | undefined {
    if (Object.hasOwn(schema, "const")) return [{ type: "value", value: schema.const }];
    if (schema.enum === undefined) return undefined;
    if (!Array.isArray(schema.enum)) throw refusal(below(pointer, "enum"), "an enum is a list of values");
    return schema.enum.map((value) => ({ type: "value", value }));
  }

  #branches(schema: SchemaObject, pointer: string, key: string): string[] {
    const list = schema[key];
    if (list === undefined) return [];
    if (!Array.isArray(list) || list.length === 0) {
      throw refusal(below(pointer, key), "a list of at least one schema is needed");
    }
    return list.map((branch, i) => {
      const place = below(pointer, key, i);
      if (typeof branch !== "boolean" && !isObject(branch)) {
        throw refusal(place, "a schema is an object, true or false");
      }
      return this.document.canonical(place);
    });
  }

  /** Only where no value can match two branches: which one a text is going to match is not known while it grows. */
  #readOneOf(schema: SchemaObject, pointer: string): Alternative[] {
    const branches = this.#branches(schema, pointer, "oneOf").map((part) => this.read(part));
    const made = branches.map((branch) => branch.map(separate));
    const forbid: Forbid = (shape, property) => shape.properties.set(property, false);
    made.forEach((one, i) =>
      branches.forEach((other, k) => {
        if (i === k || excludes(this, one, other, { forbid })) return;
        throw refusal(
          below(pointer, "oneOf"),
          `a value may match both branch ${Math.min(i, k)} and branch ${Math.max(i, k)}`,
          "Use anyOf, or tell the branches apart by type or by a required property with a const.",
        );
      })
    );
    return made.flat();
  }
}

/** A copy whose properties may be changed. */
function separate(alternative: Alternative): Alternative {
  if (alternative.type !== "object") return alternative;
  return { ...alternative, properties: new Map(alternative.properties) };
}

/** Whether a given JSON value satisfies schemas: for const and enum beside other keywords. */
import type { SchemaReader } from "./reader.ts";
import {
  type Alternative,
  type ArrayShape,
  type NumberShape,
  type ObjectShape,
  propertyOf,
} from "./shapes.ts";
import { formatExpression } from "./formats.ts";
import { languageOf, type RegularLanguage } from "../regular_language.ts";
import { contains } from "../code_points.ts";

export function fitsAny(reader: SchemaReader, value: unknown, alternatives: Alternative[]): boolean {
  return alternatives.some((alternative) => fits(reader, value, alternative));
}

function fits(reader: SchemaReader, value: unknown, alternative: Alternative): boolean {
  switch (alternative.type) {
    case "value":
      return sameValue(value, alternative.value);
    case "null":
      return value === null;
    case "boolean":
      return typeof value === "boolean";
    case "number":
      return typeof value === "number" && fitsNumber(value, alternative);
    case "string": {
      if (typeof value !== "string") return false;
      const length = [...value].length;
      return length >= alternative.min && length <= alternative.max &&
        alternative.matches.every(({ source }) => matches(source, value));
    }
    case "array":
      return Array.isArray(value) && fitsArray(reader, value, alternative);
    case "object":
      return value !== null && typeof value === "object" && !Array.isArray(value) &&
        fitsObject(reader, value as Record<string, unknown>, alternative);
  }
}

/** Deep equality of JSON values; the order of properties does not count. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameValue((a as any)[key], (b as any)[key]));
}

function fitsNumber(
  value: number,
  { integer, min = -Infinity, max = Infinity, ...shape }: NumberShape,
): boolean {
  if (integer && !Number.isInteger(value)) return false;
  if (shape.aboveMin ? value <= min : value < min) return false;
  if (shape.belowMax ? value >= max : value > max) return false;
  return shape.multipleOf === undefined || value % shape.multipleOf === 0;
}

function matches(source: string, value: string): boolean {
  if (!source.startsWith("format:")) return new RegExp(source, "u").test(value);
  return accepts(languageOf(formatExpression(source.slice("format:".length))!), value);
}

function accepts({ accepting, arcs }: RegularLanguage, value: string): boolean {
  let state = 0;
  for (const character of value) {
    const arc = arcs[state].find(({ set }) => contains(set, character.codePointAt(0)!));
    if (!arc) return false;
    state = arc.target;
  }
  return accepting[state];
}

function fitsArray(reader: SchemaReader, value: unknown[], shape: ArrayShape): boolean {
  if (value.length < shape.min || value.length > shape.max) return false;
  return value.every((item, i) => {
    const wanted = i < shape.prefix.length ? shape.prefix[i] : shape.items;
    return wanted !== false && fitsAny(reader, item, reader.readAll(wanted));
  });
}

function fitsObject(reader: SchemaReader, value: Record<string, unknown>, shape: ObjectShape): boolean {
  const keys = Object.keys(value);
  if (keys.length < shape.min || keys.length > shape.max) return false;
  if ([...shape.required].some((name) => !Object.hasOwn(value, name))) return false;
  return keys.every((key) => {
    const wanted = propertyOf(shape, key);
    return wanted !== false && fitsAny(reader, value[key], reader.readAll(wanted));
  });
}

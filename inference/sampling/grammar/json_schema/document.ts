/** A schema document: its parts by JSON pointer, and where references lead. */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";

export type SchemaObject = Record<string, unknown>;
export type Schema = boolean | SchemaObject;

/** Keywords that say nothing about the value; beside a `$ref` they change nothing. */
export const annotations = new Set([
  "title",
  "description",
  "default",
  "example",
  "examples",
  "deprecated",
  "readOnly",
  "writeOnly",
  "$schema",
  "$id",
  "id",
  "$anchor",
  "$comment",
  "$defs",
  "definitions",
  "$vocabulary",
  "discriminator",
  "externalDocs",
  "xml",
]);

export function isObject(value: unknown): value is SchemaObject {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** "#/a/b" and "c/d" -> "#/a/b/c~1d". */
export function below(pointer: string, ...keys: (string | number)[]): string {
  return [pointer, ...keys.map((key) => String(key).replaceAll("~", "~0").replaceAll("/", "~1"))].join("/");
}

/** The refusal of a schema; `pointer` leads to the keyword. */
export function refusal(pointer: string, what: string, hint?: string): SkiffError {
  return new SkiffError("invalid_input", `Cannot use the JSON schema: ${pointer}: ${what}`, {
    hint: hint ?? "Change the schema there.",
    details: { pointer },
  });
}

export class SchemaDocument {
  readonly #root: unknown;

  constructor(root: unknown) {
    this.#root = root;
  }

  /** The schema at a pointer. */
  at(pointer: string): Schema {
    const schema = this.#find(pointer);
    if (typeof schema === "boolean" || isObject(schema)) return schema;
    throw refusal(
      pointer,
      schema === undefined ? "there is nothing there" : "a schema is an object, true or false",
    );
  }

  /** Where a reference at `from` leads. */
  resolve(reference: unknown, from: string): string {
    const place = below(from, "$ref");
    if (typeof reference !== "string") throw refusal(place, "a reference is a string");
    let pointer = reference;
    if (!reference.startsWith("#")) {
      const id = isObject(this.#root) ? this.#root.$id ?? this.#root.id : undefined;
      if (typeof id !== "string" || !reference.startsWith(id)) {
        throw refusal(place, `"${reference}" is outside of the schema`, "Put what it refers to under $defs.");
      }
      pointer = reference.slice(id.length) || "#";
    }
    if (pointer !== "#" && !pointer.startsWith("#/")) pointer = this.#anchor(pointer.slice(1)) ?? pointer;
    pointer = decode(pointer);
    if (this.#find(pointer) === undefined) throw refusal(place, `"${reference}" leads nowhere`);
    return pointer;
  }

  /** The pointer after following references that stand alone. */
  canonical(pointer: string): string {
    const seen = new Set<string>();
    for (;;) {
      const schema = this.at(pointer);
      if (!isObject(schema) || schema.$ref === undefined) return pointer;
      if (Object.keys(schema).some((key) => key !== "$ref" && !annotations.has(key))) return pointer;
      if (seen.has(pointer)) throw refusal(below(pointer, "$ref"), "the reference leads back to itself");
      seen.add(pointer);
      pointer = this.resolve(schema.$ref, pointer);
    }
  }

  #find(pointer: string): unknown {
    let at: unknown = this.#root;
    for (const part of pointer.split("/").slice(1)) {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      if (Array.isArray(at)) at = at[Number(key)];
      else if (isObject(at) && Object.hasOwn(at, key)) at = at[key];
      else return undefined;
    }
    return at;
  }

  #anchor(name: string, at: unknown = this.#root, pointer = "#"): string | undefined {
    if (at === null || typeof at !== "object") return undefined;
    if (!Array.isArray(at) && (at as SchemaObject).$anchor === name) return pointer;
    for (const [key, value] of Object.entries(at)) {
      const found = this.#anchor(name, value, below(pointer, key));
      if (found) return found;
    }
    return undefined;
  }
}

function decode(pointer: string): string {
  try {
    return decodeURIComponent(pointer);
  } catch {
    return pointer;
  }
}

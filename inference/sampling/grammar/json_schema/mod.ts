/** JSON Schema -> grammar. Every text of the grammar is JSON that satisfies the schema. */
import { SkiffError } from "../../../../core/errors/skiff_error.ts";
import type { Grammar, Rule } from "../grammar.ts";
import { SchemaDocument } from "./document.ts";
import { SchemaReader } from "./reader.ts";
import { weakened } from "./weaken.ts";
import { SchemaWriter } from "./writer.ts";

export interface SchemaOptions {
  /** Refuse what cannot be enforced, also keywords and formats that are not known. */
  strict?: boolean;
  /** Before the names of the rules. */
  name?: string;
}

/**
 * Adds the rules of a schema to others and returns the index of its start. The text begins and ends with
 * the value: no blanks around it.
 * @throws SkiffError "invalid_input" with the JSON pointer of the keyword that is wrong or cannot be enforced.
 */
export function addSchemaRules(rules: Rule[], schema: unknown, options: SchemaOptions = {}): number {
  const reader = new SchemaReader(new SchemaDocument(schema), options);
  const writer = new SchemaWriter(reader, rules, options.name === undefined ? "" : `${options.name} `);
  const start = writer.value([reader.document.canonical("#")]);
  return writer.add("value", start);
}

/** The grammar of one schema's values; see `addSchemaRules`. */
export function jsonSchemaGrammar(schema: unknown, options: SchemaOptions = {}): Grammar {
  const rules: Rule[] = [];
  return { root: addSchemaRules(rules, schema, options), rules };
}

/** A schema that was weakened so often is beyond help. */
const mostWeakenings = 200;

/**
 * As `addSchemaRules` for a schema that must be taken as it is: what cannot be enforced is left out, and as
 * little as possible. At worst any object is allowed.
 */
export function addWeakenedRules(rules: Rule[], schema: unknown, options: SchemaOptions = {}): number {
  const before = rules.length;
  let weaker = schema;
  for (let i = 0; i < mostWeakenings; i++) {
    try {
      return addSchemaRules(rules, weaker, options);
    } catch (error) {
      if (!(error instanceof SkiffError) || typeof error.details?.pointer !== "string") throw error;
      rules.length = before;
      weaker = weakened(weaker, error.details.pointer);
    }
  }
  return addSchemaRules(rules, { type: "object" }, options);
}

/** Any JSON object. */
export function jsonObjectGrammar(): Grammar {
  return jsonSchemaGrammar({ type: "object" });
}

/** JSON Schema -> grammar. Every text of the grammar is JSON that satisfies the schema. */
import type { Grammar, Rule } from "../grammar.ts";
import { SchemaDocument } from "./document.ts";
import { SchemaReader } from "./reader.ts";
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

/** Any JSON object. */
export function jsonObjectGrammar(): Grammar {
  return jsonSchemaGrammar({ type: "object" });
}

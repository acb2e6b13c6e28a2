/** Tools as functions of a script: their names as identifiers, their arguments as types that models read. */
import type { Tool } from "../sdk.ts";
import type { ScriptFunction } from "./sandbox_protocol.ts";

export interface DocumentedFunction extends ScriptFunction {
  definition: Tool;
}

/** Names that a function cannot have or should not hide. */
const taken = new Set(
  ("arguments await break case catch class const continue console debugger default delete do else enum eval export " +
    "extends false finally for function if implements import in instanceof interface let new null package private " +
    "protected public return static super switch this throw true try typeof undefined var void while with yield " +
    "globalThis Object Array String Number Boolean Symbol Promise JSON Math Date Error RegExp Map Set").split(
      " ",
    ),
);

/** The functions of tools. Two names that would be the same identifier are told apart by a number. */
export function scriptFunctions(tools: Tool[]): DocumentedFunction[] {
  const used = new Set<string>();
  return tools.map((definition) => {
    const plain = identifier(definition.name);
    let name = plain;
    for (let i = 2; used.has(name); i++) name = `${plain}_${i}`;
    used.add(name);
    return { identifier: name, tool: definition.name, definition };
  });
}

function identifier(name: string): string {
  const clean = name.replace(/[^A-Za-z0-9_$]/g, "_").replace(/^(?=[0-9])/, "_") || "_";
  return taken.has(clean) ? `${clean}_` : clean;
}

/** The description of a code-mode tool. */
export function toolDocument(servers: string[], functions: DocumentedFunction[]): string {
  const parts = functions.map(({ identifier, definition }) => {
    const lines = (definition.description ?? "").split("\n").map((line) =>
      ` * ${line.replaceAll("*/", "* /")}`
    );
    return `/**\n${lines.join("\n")}\n */\nfunction ${identifier}(args: ${
      argumentsType(definition.inputSchema)
    }): string;`;
  });
  return `Run a JavaScript script that can call the tools of ${servers.join(", ")} as functions.

The script is the body of a function: \`return\` gives the result (objects become JSON). Each function takes one object \
of arguments, gives the tool's text as a string, and throws an Error when the tool fails. A script without promises calls \
them directly: \`const text = tool({a: 1});\`. In a script that uses \`await\`, \`async\` or \`Promise\` all of them are \
async functions, which can run at once: \`await Promise.all([tool({a: 1}), tool({a: 2})])\`. There are no files, no \
network, no timers and no modules; \`console.log\` is shown after the result.

${parts.join("\n\n")}`;
}

function argumentsType(schema: unknown): string {
  return typeOf(schema, 0);
}

type Schema = Record<string, any>;

/** JSON Schema in TypeScript's words, as far as they carry. */
function typeOf(schema: unknown, depth: number): string {
  if (!schema || typeof schema !== "object" || depth > 6) return "any";
  const { type, enum: values, const: value, anyOf, oneOf, items, properties } = schema as Schema;
  if (Array.isArray(values)) return values.map((one) => JSON.stringify(one)).join(" | ") || "never";
  if (value !== undefined) return JSON.stringify(value);
  const choices = anyOf ?? oneOf;
  if (Array.isArray(choices) && !properties) {
    return [...new Set(choices.map((one) => typeOf(one, depth + 1)))].join(" | ");
  }
  if (Array.isArray(type)) {
    return type.map((one) => typeOf({ ...schema, type: one }, depth + 1)).join(" | ");
  }
  if (type === "array") {
    const item = typeOf(items, depth + 1);
    return /[ |]/.test(item) ? `Array<${item}>` : `${item}[]`;
  }
  if (type === "object" || properties) return objectType(schema as Schema, depth);
  const plain: Record<string, string> = {
    string: "string",
    number: "number",
    integer: "number",
    boolean: "boolean",
    null: "null",
  };
  return plain[type] ?? "any";
}

function objectType({ properties = {}, required = [], additionalProperties }: Schema, depth: number): string {
  const indent = "  ".repeat(depth + 1);
  const lines = Object.entries<Schema>(properties).map(([name, schema]) => {
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
    const word = schema?.description?.replace(/\s+/g, " ").trim();
    const mark = Array.isArray(required) && required.includes(name) ? "" : "?";
    return `${indent}${key}${mark}: ${typeOf(schema, depth + 1)};${word ? ` // ${word}` : ""}`;
  });
  if (lines.length > 0) return `{\n${lines.join("\n")}\n${"  ".repeat(depth)}}`;
  const values = additionalProperties;
  return values && typeof values === "object" ? `Record<string, ${typeOf(values, depth + 1)}>` : "{}";
}

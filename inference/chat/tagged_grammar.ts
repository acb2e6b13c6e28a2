/** Grammar of calls whose parameters are tags with bare text: Qwen3-Coder, GLM, MiniMax, Seed, DeepSeek's DSML. */
import { type CallGrammar, literal, textUntil } from "./call_grammar.ts";
import type { Tool } from "./request.ts";

export interface ParameterTagTexts {
  /** Before the parameters. */
  begin: (tool: string) => string;
  /** Before a value. */
  open: (parameter: string, isText: boolean) => string;
  /** After a value: what ends a bare text. */
  close: string;
  /** Between two parameters. */
  after: string;
  /** After the parameters. */
  end: string;
  /** Line breaks may be left out. */
  freeBreaks?: boolean;
}

interface ObjectSchema {
  properties?: Record<string, Record<string, unknown>>;
  required?: string[];
}

const isText = (schema: Record<string, unknown>) => schema.type === "string";

/** The parts of a `CallGrammar` that such tags need. Parameters come in the schema's order. */
export function taggedCalls(tags: ParameterTagTexts): Pick<CallGrammar, "call" | "schemas" | "rules"> {
  const written = (text: string): string => {
    if (!tags.freeBreaks) return literal(text);
    return text.split("\n").map((line) => line === "" ? "" : literal(line)).join(' "\\n"? ');
  };
  const value = (schema: Record<string, unknown>, rule: string): string => {
    if (!isText(schema)) return `${rule} ${literal(tags.close)}`;
    const choices = Array.isArray(schema.enum)
      ? schema.enum.filter((choice) => typeof choice === "string")
      : [];
    if (choices.length === 0) return "bare-text";
    return `(${choices.map(literal).join(" | ")}) ${literal(tags.close)}`;
  };
  return {
    call: (tool, args) => {
      const { properties, required } = objectSchema(tool);
      const parameters = Object.entries(properties).map(([name, schema], i) => {
        const one = `${written(tags.open(name, isText(schema)))} ${value(schema, `${args}-${i}`)} ${
          written(tags.after)
        }`;
        return required.includes(name) ? one : `(${one})?`;
      });
      return [written(tags.begin(tool.name)), ...parameters, written(tags.end)].join(" ");
    },
    schemas: (tool, args) => {
      const entries = Object.values(objectSchema(tool).properties).map((schema, i) =>
        [`${args}-${i}`, schema] as const
      );
      return Object.fromEntries(entries.filter(([, schema]) => !isText(schema)));
    },
    rules: textUntil("bare-text", tags.close),
  };
}

function objectSchema(tool: Tool): Required<ObjectSchema> {
  const { properties = {}, required = [] } = (tool.parameters ?? {}) as ObjectSchema;
  return { properties, required };
}

/** `name(a=1, b="x")` with JSON's values, which Python's reader takes as well. */
export function pythonCalls(): Pick<CallGrammar, "call" | "schemas"> {
  return {
    call: (tool, args) => {
      const { properties, required } = objectSchema(tool);
      const all = Object.keys(properties).map((name, i) => ({
        name,
        text: `${literal(`${name}=`)} ${args}-${i}`,
      }));
      const needed = all.filter(({ name }) => required.includes(name)).map(({ text }) => text);
      const optional = all.filter(({ name }) => !required.includes(name)).map(({ text }) => text);
      const more = (from: number) => optional.slice(from).map((text) => `(", " ${text})?`).join(" ");
      const alone = optional.map((text, i) => `${text} ${more(i + 1)}`);
      const list = needed.length > 0
        ? `${needed.join(' ", " ')} ${more(0)}`
        : alone.length > 0
        ? `(${alone.join(" | ")})?`
        : "";
      return `${literal(`${tool.name}(`)} ${list} ")"`;
    },
    schemas: (tool, args) => {
      const schemas = Object.values(objectSchema(tool).properties);
      return Object.fromEntries(schemas.map((schema, i) => [`${args}-${i}`, schema]));
    },
  };
}

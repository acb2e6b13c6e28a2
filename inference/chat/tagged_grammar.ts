/** Grammar of calls whose parameters are tags with bare text: Qwen3-Coder, GLM, MiniMax, Seed, DeepSeek's DSML. */
import { type CallGrammar, literal, textUntil } from "./call_grammar.ts";
import type { Tool } from "./request.ts";

export interface ParameterTagTexts {
  /** Before the parameters. */
  begin: (tool: string) => string;
  /** Before a value. */
  open: (parameter: string, isText: boolean) => string;
  /** After a value; begins with what ends a bare text. */
  close: string;
  /** After the parameters. */
  end: string;
}

interface ObjectSchema {
  properties?: Record<string, Record<string, unknown>>;
  required?: string[];
}

const isText = (schema: Record<string, unknown>) => schema.type === "string";

/** The parts of a `CallGrammar` that such tags need. Parameters come in the schema's order. */
export function taggedCalls(tags: ParameterTagTexts): Pick<CallGrammar, "call" | "schemas" | "rules"> {
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
        const one = `${literal(tags.open(name, isText(schema)))} ${value(schema, `${args}-${i}`)}`;
        return required.includes(name) ? one : `(${one})?`;
      });
      return [literal(tags.begin(tool.name)), ...parameters, literal(tags.end)].join(" ");
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

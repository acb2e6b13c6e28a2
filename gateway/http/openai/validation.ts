/**
 * Request bodies against zod schemas, with errors in OpenAI's words.
 * zod is always imported as `* as z`: its named export `z` brings every locale along (440 kB, 14 MB of memory).
 */
import type * as z from "zod";
import { SkiffError } from "../../../core/errors/skiff_error.ts";

type Issue = z.core.$ZodIssue;

/**
 * The parsed body, or the part of it that stands at `path`. Throws "invalid_input" with `param` and `code`
 * as OpenAI's API does.
 */
export function validate<T>(schema: z.ZodType<T>, body: unknown, path: PropertyKey[] = []): T {
  const result = schema.safeParse(body, { reportInput: true });
  if (result.success) return result.data;
  const { message, param, code } = explain(result.error.issues[0], path);
  throw new SkiffError("invalid_input", message, { details: { param, code } });
}

/** "messages[0].role" */
export function parameter(path: PropertyKey[]): string {
  return path.map((key, i) => typeof key === "number" ? `[${key}]` : `${i > 0 ? "." : ""}${String(key)}`)
    .join("");
}

const articles: Record<string, string> = {
  string: "a string",
  number: "a decimal",
  int: "an integer",
  boolean: "a boolean",
  array: "an array",
  record: "an object",
  object: "an object",
  null: "null",
};

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "number") return Number.isInteger(value) ? "an integer" : "a decimal number";
  return articles[typeof value] ?? typeof value;
}

interface Explanation {
  message: string;
  param: string;
  code: string;
}

function explain(issue: Issue, prefix: PropertyKey[] = []): Explanation {
  const path = [...prefix, ...issue.path];
  const param = parameter(path);
  switch (issue.code) {
    case "invalid_type":
      return wrongType(param, [articles[issue.expected] ?? issue.expected], issue.input);
    case "invalid_union":
      return explainUnion(issue, path);
    case "invalid_value":
      if (issue.input === undefined) return wrongType(param, ["a value"], undefined);
      return invalidValue(param, issue.input, issue.values);
    case "too_small":
    case "too_big":
      return outOfRange(issue, param);
    default:
      return { message: `Invalid '${param}': ${issue.message}`, param, code: "invalid_value" };
  }
}

function wrongType(param: string, expected: string[], input: unknown): Explanation {
  if (input === undefined) {
    return { message: `Missing required parameter: '${param}'.`, param, code: "missing_required_parameter" };
  }
  const wanted = expected.length === 1
    ? expected[0]
    : `one of ${expected.slice(0, -1).join(", ")} or ${expected.at(-1)}`;
  return {
    message: `Invalid type for '${param}': expected ${wanted}, but got ${kindOf(input)} instead.`,
    param,
    code: "invalid_type",
  };
}

function invalidValue(param: string, input: unknown, values: readonly unknown[]): Explanation {
  const names = values.map((value) => `'${String(value)}'`);
  const list = names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  return {
    message: `Invalid value: '${
      typeof input === "string" ? input : JSON.stringify(input)
    }'. Supported values are: ${list}.`,
    param,
    code: "invalid_value",
  };
}

/** The branch that got furthest explains a union; where none got past the type, all types are named. */
function explainUnion(issue: Extract<Issue, { code: "invalid_union" }>, path: PropertyKey[]): Explanation {
  const discriminator = (issue as { discriminator?: string }).discriminator;
  if (discriminator !== undefined) {
    const value = (issue.input as Record<string, unknown> | undefined)?.[discriminator];
    const param = parameter(path);
    if (value === undefined) return wrongType(param, ["a string"], undefined);
    return invalidValue(param, value, (issue as { options?: unknown[] }).options ?? []);
  }
  const branches = issue.errors.map((errors) => errors[0]).filter((error) => error !== undefined);
  const deepest = branches.reduce((a, b) => b.path.length > a.path.length ? b : a, branches[0]);
  if (deepest && (deepest.path.length > 0 || deepest.code !== "invalid_type")) {
    const specific = deepest.path.length > 0 ? deepest : branches.find((b) => b.code !== "invalid_type");
    return explain(specific ?? deepest, path);
  }
  const expected = branches.map((b) => b.code === "invalid_type" ? articles[b.expected] ?? b.expected : "");
  return wrongType(parameter(path), [...new Set(expected)], issue.input);
}

function outOfRange(issue: Extract<Issue, { code: "too_small" | "too_big" }>, param: string): Explanation {
  const small = issue.code === "too_small";
  const limit = small ? issue.minimum : issue.maximum;
  if (issue.origin === "array" || issue.origin === "string") {
    const size = (issue.input as { length?: number })?.length ?? 0;
    const noun = issue.origin;
    const got = size === 0
      ? `an empty ${noun}`
      : `${noun === "array" ? "an array" : "a string"} with length ${size}`;
    return {
      message:
        `Invalid '${param}': ${size === 0 ? "empty " : ""}${noun}${
          size === 0 ? "" : small ? " too short" : " too long"
        }. ` +
        `Expected ${noun === "array" ? "an array" : "a string"} with ${
          small ? "minimum" : "maximum"
        } length ${limit}, but got ${got} instead.`,
      param,
      code: size === 0 ? `empty_${noun}` : `${noun}_${small ? "below_min" : "above_max"}_length`,
    };
  }
  const noun = issue.origin === "int" || Number.isInteger(issue.input) ? "integer" : "decimal";
  return {
    message: `Invalid '${param}': ${noun} ${small ? "below minimum" : "above maximum"} value. ` +
      `Expected a value ${small ? ">=" : "<="} ${limit}, but got ${String(issue.input)} instead.`,
    param,
    code: `${noun}_${small ? "below_min" : "above_max"}_value`,
  };
}

/** Anthropic's dialect: how the Messages API refuses. */
import type * as z from "zod";
import { SkiffError, toSkiffError } from "../../../core/errors/skiff_error.ts";
import type { Dialect } from "../dialect.ts";
import { retryAfter, statusOf } from "../errors.ts";
import { answerId } from "../generation.ts";

/** A full queue is what Anthropic calls overloaded; what its API has no status for is a bad request. */
function status(error: SkiffError): number {
  if (error.code === "overloaded") return error.details?.status === 429 ? 429 : 529;
  const number = statusOf(error);
  return number === 409 || number === 422 || number === 499 ? 400 : number;
}

const types: Record<number, string> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  504: "timeout_error",
  529: "overloaded_error",
};

/** The body that Anthropic's clients read; the hint stands behind the message. */
function errorBody(thrown: unknown) {
  const error = toSkiffError(thrown);
  const number = status(error);
  const type = types[number] ?? (number >= 500 ? "api_error" : "invalid_request_error");
  const message = error.hint ? `${sentence(error.message)} ${error.hint}` : error.message;
  return { type: "error", error: { type, message } };
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

export function anthropicErrorResponse(thrown: unknown): Response {
  const error = toSkiffError(thrown);
  const request_id = answerId("req", "_");
  return Response.json({ ...errorBody(error), request_id }, {
    status: status(error),
    headers: { "request-id": request_id, ...retryAfter(error) },
  });
}

const expected: Record<string, string> = {
  string: "a valid string",
  number: "a valid number",
  int: "a valid integer",
  boolean: "a valid boolean",
  array: "a valid list",
  object: "a valid dictionary",
  record: "a valid dictionary",
};

/** The parsed body, or the part of it at `path`. Throws "invalid_input" as "messages.0.role: Field required". */
export function validate<T>(schema: z.ZodType<T>, body: unknown, path: PropertyKey[] = []): T {
  const result = schema.safeParse(body, { reportInput: true });
  if (result.success) return result.data;
  throw explained(result.error.issues[0], path);
}

/** The branch of a union that got furthest speaks for it. */
function explained(issue: z.core.$ZodIssue, path: PropertyKey[]): SkiffError {
  const place = [...path, ...issue.path];
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const branches = issue.errors.map(([first]) => first);
    const deepest = branches.reduce((a, b) => b.path.length > a.path.length ? b : a);
    if (deepest.path.length > 0) return explained(deepest, place);
  }
  return refusal(place, issue.input === undefined ? "Field required" : explanation(issue));
}

function explanation(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return `Input should be ${expected[issue.expected] ?? issue.expected}`;
  if (issue.code === "invalid_value") {
    return `Input should be ${issue.values.map((value) => `'${String(value)}'`).join(" or ")}`;
  }
  if (issue.code === "invalid_union") return "Input has none of the allowed forms";
  if (issue.code === "too_small") return `Input should be at least ${issue.minimum}`;
  if (issue.code === "too_big") return `Input should be at most ${issue.maximum}`;
  return issue.message;
}

/** "messages.0.content: …" */
export function refusal(path: PropertyKey[], what: string, hint?: string): SkiffError {
  return new SkiffError("invalid_input", `${path.map(String).join(".")}: ${what}`, { hint });
}

export const anthropic: Dialect = {
  validate,
  status,
  errorBody,
  errorResponse: anthropicErrorResponse,
};

/** Errors as the HTTP dialects write them. `SkiffError.details` may override `param`, `code` and `status`. */
import { httpStatus, type SkiffError, toSkiffError } from "../../core/errors/skiff_error.ts";

/** The body that OpenAI's clients read. */
export interface OpenAIErrorBody {
  error: {
    message: string;
    type: string;
    param: string | null;
    code: string | null;
    [fact: string]: unknown;
  };
}

/** Status of an error over HTTP: its `details.status`, else the one of its code. */
export function statusOf(error: SkiffError): number {
  const status = error.details?.status;
  return typeof status === "number" ? status : httpStatus(error.code);
}

/** OpenAI knows no 422 and no 499 for a request that cannot be served. */
export function openAIStatus(error: SkiffError): number {
  const status = statusOf(error);
  return status === 422 || status === 499 ? 400 : status;
}

const openAICodes: Record<string, string> = {
  context_overflow: "context_length_exceeded",
  overloaded: "rate_limit_exceeded",
  unsupported: "unsupported_parameter",
};

function openAIType(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

/** OpenAI's error body; facts of the error (`n_prompt_tokens`…) and the hint ride along. */
export function openAIErrorBody(thrown: unknown): OpenAIErrorBody {
  const error = toSkiffError(thrown);
  const { param, code, status: _, ...facts } = error.details ?? {};
  return {
    error: {
      message: error.message,
      type: openAIType(openAIStatus(error)),
      param: typeof param === "string" ? param : null,
      code: typeof code === "string" ? code : openAICodes[error.code] ?? null,
      ...facts,
      ...(error.hint ? { hint: error.hint } : {}),
    },
  };
}

/** The header that says when to come again; none for other errors. */
export function retryAfter(error: SkiffError): Record<string, string> {
  if (error.code !== "overloaded") return {};
  const seconds = error.details?.retryAfterSeconds;
  return { "retry-after": String(typeof seconds === "number" ? Math.max(1, Math.ceil(seconds)) : 1) };
}

/** An error answer of the OpenAI routes. */
export function openAIErrorResponse(thrown: unknown): Response {
  const error = toSkiffError(thrown);
  return Response.json(openAIErrorBody(error), { status: openAIStatus(error), headers: retryAfter(error) });
}

/**
 * An error answer of the native routes: one line of text. Code and hint travel in headers, percent-encoded,
 * so that skiff's own client can show them.
 */
export function nativeErrorResponse(thrown: unknown): Response {
  const error = toSkiffError(thrown);
  const headers = new Headers({
    "content-type": "text/plain; charset=utf-8",
    "skiff-error": error.code,
    ...retryAfter(error),
  });
  if (error.hint) headers.set("skiff-hint", encodeURIComponent(error.hint));
  return new Response(`${error.message}\n`, { status: statusOf(error), headers });
}

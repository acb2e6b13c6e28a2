/**
 * The one error that users see: what went wrong, and what to do about it.
 * A command prints `message` and `hint` on two lines; each HTTP dialect maps `code` to a status.
 */

/** What kind of failure it is. `exitCodes` and `httpStatuses` are the only tables keyed by it. */
export type ErrorCode =
  | "usage" // wrong command line
  | "invalid_input" // a request or a file that the user wrote is wrong
  | "not_found"
  | "conflict" // it exists already, or is in use
  | "unauthorized" // credentials are missing or refused
  | "forbidden" // the request is understood and not allowed
  | "corrupt" // data on disk or on the wire is not what it should be
  | "unsupported" // a valid thing that this build or machine cannot run
  | "network" // a remote end cannot be reached, or broke off
  | "unavailable" // a local service is not running or is shutting down
  | "overloaded" // the queue is full; try again later
  | "context_overflow" // the prompt does not fit the model's context
  | "out_of_memory"
  | "disk_full"
  | "interrupted" // the user or the client gave up
  | "internal"; // a fault of skiff itself

export interface SkiffErrorOptions {
  /** What the user can do next, one sentence. */
  hint?: string;
  cause?: unknown;
  /** Facts for programs, e.g. `{ n_prompt_tokens: 9000, n_ctx: 8192 }`; copied into HTTP error bodies. */
  details?: Record<string, unknown>;
}

export class SkiffError extends Error {
  override readonly name = "SkiffError";
  readonly code: ErrorCode;
  readonly hint?: string;
  readonly details?: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, options: SkiffErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
  }
}

/** The form in which an error crosses a process border (runner pipe, progress stream). */
export interface ErrorRecord {
  code: ErrorCode;
  message: string;
  hint?: string;
  details?: Record<string, unknown>;
}

export function toErrorRecord(error: unknown): ErrorRecord {
  const { code, message, hint, details } = toSkiffError(error);
  return { code, message, hint, details };
}

export function fromErrorRecord(record: ErrorRecord): SkiffError {
  return new SkiffError(record.code, record.message, { hint: record.hint, details: record.details });
}

/** Wraps whatever was thrown; a `SkiffError` passes through unchanged. */
export function toSkiffError(error: unknown): SkiffError {
  if (error instanceof SkiffError) return error;
  if (error instanceof DOMException && error.name === "AbortError") {
    return new SkiffError("interrupted", "Interrupted", { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  if (/no space left on device|os error 28\b|ENOSPC/i.test(message)) {
    return new SkiffError("disk_full", "No space left on the disk", {
      hint: "Free some space (`skiff model df` shows what models use), then try again.",
      cause: error,
    });
  }
  return new SkiffError("internal", message, { cause: error });
}

/** The error of work that the user or the client gave up. */
export function interrupted(cause?: unknown): SkiffError {
  return new SkiffError("interrupted", "Interrupted", { cause });
}

/** Exit codes of the command line: 1 failure, 2 usage, 130 interrupted. */
export function exitCode(code: ErrorCode): number {
  if (code === "usage") return 2;
  if (code === "interrupted") return 130;
  return 1;
}

const httpStatuses: Record<ErrorCode, number> = {
  usage: 400,
  invalid_input: 400,
  context_overflow: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  unsupported: 422,
  overloaded: 429,
  interrupted: 499,
  internal: 500,
  corrupt: 500,
  network: 502,
  unavailable: 503,
  out_of_memory: 507,
  disk_full: 507,
};

export function httpStatus(code: ErrorCode): number {
  return httpStatuses[code];
}

/** Errors of the way to a server, as clients and people are told of them. */
import type { EnabledServer } from "../configuration/enabled_server.ts";
import { LoginRequired } from "../oauth/login_required.ts";
import { ErrorCode, McpError } from "../sdk.ts";

/** The words of an error, with what to do when it is something for the user. */
export function withHint(error: Error): string {
  return error instanceof LoginRequired ? `${error.message}. ${error.hint}` : error.message;
}

/** An error of the way to a server says which server it is; a server's own error stays as it is. */
export function wayError({ entry }: EnabledServer, error: unknown): unknown {
  if (error instanceof McpError && error.code !== Number(ErrorCode.ConnectionClosed)) return error;
  if (error instanceof DOMException && error.name === "AbortError") return error;
  const words = error instanceof McpError ? "it ended before it answered" : withHint(error as Error);
  return new McpError(ErrorCode.InternalError, `The server ${entry.name} cannot be used: ${words}`);
}

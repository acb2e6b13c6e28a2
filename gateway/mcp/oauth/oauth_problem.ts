/** Errors of authorization servers in the words of people. */
import { SkiffError, type SkiffErrorOptions } from "../../../core/errors/skiff_error.ts";
import { OAuthError } from "../sdk.ts";

/** The standard's codes (RFC 6749, RFC 7591, RFC 8707), as far as somebody can do something about them. */
const meanings: Record<string, string> = {
  access_denied: "access was denied",
  invalid_client: "it does not know this client, or its secret is wrong",
  invalid_grant: "the code or the login is not valid (any more)",
  invalid_scope: "it does not know one of the scopes, or does not give it",
  invalid_target: "it gives no tokens for this server",
  invalid_redirect_uri: "it does not accept an answer on this machine",
  unauthorized_client: "this client may not do that",
  server_error: "it failed",
  temporarily_unavailable: "it is overloaded",
};

/** What an error code and its description say. Descriptions come from outside: one line, not too long. */
export function oauthMeaning(code: string, description?: string): string {
  const meaning = meanings[code] ?? code;
  const told = description?.replace(/[\p{C}\s]+/gu, " ").trim().slice(0, 300);
  return told ? `${meaning} (${told})` : meaning;
}

/** `what` failed, and why. A `SkiffError` passes through. */
export function oauthProblem(error: unknown, what: string, options: SkiffErrorOptions = {}): SkiffError {
  if (error instanceof SkiffError) return error;
  if (error instanceof OAuthError) {
    const { errorCode, message } = error;
    // The SDK puts whatever was no error of the standard into "server_error".
    const isRaw = errorCode === "server_error" && /^HTTP \d/.test(message);
    const reason = isRaw ? rawReason(message) : oauthMeaning(errorCode, message);
    return new SkiffError(errorCode === "server_error" ? "network" : "unauthorized", `${what}: ${reason}`, {
      cause: error,
      ...options,
    });
  }
  return new SkiffError("corrupt", `${what}: its answer cannot be read`, { cause: error, ...options });
}

/** Bodies are left out: they may be long, and they may hold what was sent. */
function rawReason(message: string): string {
  return /^HTTP \d+/.exec(message)![0].replace("HTTP", "it answers");
}

/** Errors of authorization servers, and what they mean to people. */
import { SkiffError, type SkiffErrorOptions } from "../../../core/errors/skiff_error.ts";
import type { Fetch } from "./oauth_fetch.ts";
import { outsideText } from "./outside_text.ts";

/** An endpoint for clients said no. */
export class OAuthRefusal extends Error {
  override readonly name = "OAuthRefusal";

  constructor(
    /** HTTP's. */
    readonly status: number,
    /** The standard's, or the server's own; absent: it did not say. */
    readonly code?: string,
    description?: string,
  ) {
    super(code === undefined ? `it answers ${status}` : oauthMeaning(code, description));
  }
}

/** The same requests; an answer that is a refusal throws `OAuthRefusal`, whatever its status (some say 200). */
export function refusable(fetch: Fetch): Fetch {
  return async (to, init) => {
    const response = await fetch(to, init);
    const body = await response.clone().json().catch(() => undefined);
    const { error, error_description } = body ?? {};
    if (typeof error === "string") {
      throw new OAuthRefusal(
        response.status,
        error.slice(0, 100),
        typeof error_description === "string" ? error_description : undefined,
      );
    }
    if (!response.ok) throw new OAuthRefusal(response.status);
    return response;
  };
}

/** The codes of RFC 6749, 7591 and 8707, as far as somebody can do something about them. */
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

/** What an error code and its description say. */
export function oauthMeaning(code: string, description?: string): string {
  const meaning = meanings[code] ?? outsideText(code);
  const told = outsideText(description ?? "", 300);
  return told ? `${meaning} (${told})` : meaning;
}

/** `what` failed, and why. A `SkiffError` passes through. */
export function oauthProblem(error: unknown, what: string, options: SkiffErrorOptions = {}): SkiffError {
  if (error instanceof SkiffError) return error;
  if (error instanceof OAuthRefusal) {
    const isTheirs = error.status >= 500 ||
      ["server_error", "temporarily_unavailable"].includes(error.code ?? "");
    return new SkiffError(isTheirs ? "network" : "unauthorized", `${what}: ${error.message}`, {
      cause: error,
      ...options,
    });
  }
  return new SkiffError("corrupt", `${what}: its answer cannot be read`, { cause: error, ...options });
}

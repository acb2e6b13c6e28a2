/** A server wants a login that there is not, or one that may do more. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { programName } from "../../../core/process/called_as.ts";
import type { Challenge } from "./challenge.ts";
import { scopesOf } from "./login.ts";
import type { OAuthApp } from "./oauth_app.ts";
import { outsideText } from "./outside_text.ts";

export class LoginRequired extends SkiffError {
  readonly app: OAuthApp;
  readonly challenge: Challenge;

  constructor(app: OAuthApp, challenge: Challenge, options: { message?: string; cause?: unknown } = {}) {
    super("unauthorized", options.message ?? messageOf(app, challenge), {
      hint: `Log in: \`${authorizeCommand(app, challenge)}\`.`,
      cause: options.cause,
    });
    this.app = app;
    this.challenge = challenge;
  }
}

function messageOf({ title }: OAuthApp, { error, scope }: Challenge): string {
  if (error !== "insufficient_scope") return `${title} wants a login`;
  return `${title} wants a login that may do more${scope ? ` (${outsideText(scope)})` : ""}`;
}

export function authorizeCommand({ title }: OAuthApp, { error, scope }: Challenge = {}): string {
  const scopes = error === "insufficient_scope" ? scopesOf(scope) : [];
  // A server chooses them, and a shell reads them.
  const isPlain = scopes.every((one) => /^[\w:./@+*~-]+$/.test(one));
  const more = scopes.length > 0 && isPlain ? ` --scopes "${scopes.join(" ")}"` : "";
  return `${programName()} mcp oauth authorize ${title}${more}`;
}

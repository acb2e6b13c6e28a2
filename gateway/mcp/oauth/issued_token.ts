/** What a token endpoint gives, as a login. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { OAuthTokens } from "../sdk_oauth.ts";
import { outsideText } from "./outside_text.ts";
import type { Login } from "./login.ts";

/** The fields of a login that a token response says. Throws "corrupt" for a token that cannot be sent. */
export function issued(
  tokens: OAuthTokens,
  from: string,
): Pick<Login, "access_token" | "refresh_token" | "expires_at" | "scope"> {
  const { access_token, refresh_token, token_type, expires_in, scope } = tokens;
  if (token_type.toLowerCase() !== "bearer") {
    throw new SkiffError(
      "unsupported",
      `${from} gives tokens of type ${outsideText(token_type, 40)}, not Bearer`,
    );
  }
  if (!/^[\x21-\x7e]+$/.test(access_token)) {
    throw new SkiffError("corrupt", `${from} gives a token that no header can hold`);
  }
  const lasts = expires_in !== undefined && Number.isFinite(expires_in);
  return {
    access_token,
    refresh_token,
    expires_at: lasts ? Date.now() + expires_in * 1000 : undefined,
    scope,
  };
}

/** Requests to a remote server with its login: refreshed when it is refused, asked for when there is none. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { bearerChallenge, type Challenge } from "./challenge.ts";
import { type Login, scopesOf } from "./login.ts";
import { LoginRequired } from "./login_required.ts";
import type { OAuthApp } from "./oauth_app.ts";
import type { Fetch } from "./oauth_fetch.ts";
import { outsideText } from "./outside_text.ts";
import type { TokenKeeper } from "./token_keeper.ts";

/**
 * A fetch that shows the login of an app. A refused request is sent once more with another token when one can be
 * had. Throws `LoginRequired` when only a person can help, "forbidden" when not even that would.
 */
export function authorizedFetch(app: OAuthApp, keeper: TokenKeeper, fetch: Fetch): Fetch {
  return async (to, init) => {
    const login = await keeper.login(app);
    let used = login;
    let response = await fetch(to, withToken(init, login));
    if (response.status === 401) {
      const challenge = bearerChallenge(response);
      await response.body?.cancel();
      used = await keeper.afterRefusal(app, login, challenge);
      if (!used) throw new LoginRequired(app, challenge);
      response = await fetch(to, withToken(init, used));
      if (response.status === 401) {
        await response.body?.cancel();
        throw new LoginRequired(app, bearerChallenge(response));
      }
    }
    if (response.status === 403) await checkScope(app, used, response);
    return response;
  };
}

function withToken(init: RequestInit | undefined, login: Login | undefined): RequestInit | undefined {
  if (!login) return init;
  const headers = new Headers(init?.headers);
  headers.set("authorization", `Bearer ${login.access_token}`);
  return { ...init, headers };
}

/** Step-up: the login may do too little. What it may do already is asked for as well. */
async function checkScope(app: OAuthApp, login: Login | undefined, response: Response): Promise<void> {
  const challenge: Challenge = bearerChallenge(response);
  if (challenge.error !== "insufficient_scope") return;
  await response.body?.cancel();
  const missing = scopesOf(challenge.scope);
  const asked = scopesOf(login?.requested_scope);
  if (login && missing.every((scope) => asked.includes(scope))) {
    const wanted = missing.length > 0 ? ` (${outsideText(missing.join(" "))})` : "";
    const message =
      `${app.title} refuses this call although its login was asked for all that it wants${wanted}`;
    throw new SkiffError("forbidden", message);
  }
  const all = [...new Set([...scopesOf(login?.scope), ...missing])].join(" ");
  throw new LoginRequired(app, { ...challenge, scope: all || undefined });
}

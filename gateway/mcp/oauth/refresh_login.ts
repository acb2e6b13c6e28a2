/**
 * A new token for a login that ends. A refresh token that rotates is good for one use: what the answer has is kept
 * at once, and that it was asked for is noted before, so that whoever finds it spent can say why.
 */
import { createHash } from "node:crypto";
import { type Turn, withAppLock } from "./app_lock.ts";
import { clientOf } from "./client_choice.ts";
import { issued } from "./issued_token.ts";
import { expiryMarginMs, isExpired, isRefreshable, type Login } from "./login.ts";
import { authorizeCommand, LoginRequired } from "./login_required.ts";
import type { OAuthApp } from "./oauth_app.ts";
import type { OAuthParts } from "./oauth_parts.ts";
import { oauthProblem, OAuthRefusal, refusable } from "./oauth_problem.ts";

/** The refresh token is spent; the last two are GitHub's and Slack's words for it. */
const spentCodes = ["invalid_grant", "bad_refresh_token", "invalid_refresh_token"];
/** The client is not known any more. */
const clientCodes = ["invalid_client", "unauthorized_client"];

/**
 * What somebody else has kept meanwhile, else what the authorization server gives. One that could not be kept is told
 * and given all the same. Throws `LoginRequired` when the login has ended, "network" and the like for a later try.
 */
export async function refreshLogin(
  app: OAuthApp,
  stale: Login,
  parts: OAuthParts,
  log: (line: string) => void,
): Promise<Login> {
  const { vault } = parts;
  return await withAppLock(app, parts, async (turn) => {
    const found = await vault.loginOf(app);
    if (!found) throw new LoginRequired(app, {});
    const { place, login: kept } = found;
    if (kept.access_token !== stale.access_token && !isExpired(kept, expiryMarginMs)) return kept;
    if (!isRefreshable(kept)) {
      if (isExpired(kept)) throw new LoginRequired(app, {}, { message: endOf(app) });
      return kept;
    }
    const cutShort = await noted(turn, kept);
    try {
      const fresh = await requested(app, kept, parts);
      await vault.keepOrHoldLogin(place, fresh).catch((error) =>
        log(`the new login of ${app.title} cannot be kept: ${error.message}`)
      );
      await turn.note("");
      return fresh;
    } catch (error) {
      const code = error instanceof OAuthRefusal ? error.code ?? "" : "";
      if (![...spentCodes, ...clientCodes].includes(code)) {
        throw oauthProblem(error, `the login of ${app.title} cannot be refreshed`, {
          hint: `If that goes on, log in again: \`${authorizeCommand(app)}\`.`,
        });
      }
      if (clientCodes.includes(code)) await vault.dropRegisteredClient(app.name);
      const { refresh_token: _, ...rest } = kept;
      await vault.keepLogin(place, rest).catch((error) =>
        log(`the end of the login of ${app.title} cannot be kept: ${error.message}`)
      );
      await turn.note("");
      const ended = new LoginRequired(app, {}, { message: endOf(app, cutShort), cause: error });
      log(`${ended.message}. ${ended.hint}`);
      if (isExpired(rest)) throw ended;
      return rest; // for the moments that it is good yet
    }
  });
}

/** Notes that the refresh token is used now. Gives when that was done before, without an answer that was kept. */
async function noted(turn: Turn, { refresh_token }: Login): Promise<string | undefined> {
  const digest = createHash("sha256").update(refresh_token!).digest("hex").slice(0, 16);
  const [before, time] = (await turn.left()).split(" ");
  await turn.note(`${digest} ${new Date().toISOString()}`);
  return before === digest ? time : undefined;
}

function endOf({ title }: OAuthApp, cutShort?: string): string {
  const why = cutShort &&
    `: its renewal of ${cutShort} was cut short, and its refresh token was good for one`;
  return `the login of ${title} has ended${why ?? ""}`;
}

async function requested(app: OAuthApp, kept: Login, parts: OAuthParts): Promise<Login> {
  const { refreshAuthorization } = await import("../sdk_oauth.ts");
  const { oauthFetch } = await import("./oauth_fetch.ts");
  const issuer = kept.authorization_server!;
  const tokens = await refreshAuthorization(issuer, {
    // Only what the endpoint's request needs; where it is was found out at the login.
    metadata: {
      issuer,
      authorization_endpoint: issuer,
      token_endpoint: kept.token_endpoint!,
      response_types_supported: ["code"],
      token_endpoint_auth_methods_supported: kept.token_endpoint_auth_methods_supported,
    },
    clientInformation: await clientOf(app, kept.client_id!, parts),
    refreshToken: kept.refresh_token!,
    resource: kept.resource,
    fetchFn: refusable(oauthFetch(parts.guard)),
  });
  return { ...kept, ...issued(tokens, issuer), scope: tokens.scope ?? kept.scope };
}

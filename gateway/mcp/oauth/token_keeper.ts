/**
 * The tokens of a gateway: read once, refreshed before they end, by one process at a time. Refresh tokens that
 * rotate are good for one use: whoever has waited for a turn takes what the one before has kept.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { withAppLock } from "./app_lock.ts";
import type { Challenge } from "./challenge.ts";
import { givenClient } from "./given_client.ts";
import { issued } from "./issued_token.ts";
import { expiryMarginMs, isExpired, isMeantFor, isRefreshable, type Login } from "./login.ts";
import { LoginRequired } from "./login_required.ts";
import type { OAuthApp } from "./oauth_app.ts";
import type { OAuthParts } from "./oauth_parts.ts";
import { oauthProblem, OAuthRefusal, refusable } from "./oauth_problem.ts";
import { isUnattended } from "./oauth_client.ts";

/** Between attempts that failed; doubled each time. */
const backOffMs = 30_000;
const longestBackOffMs = 30 * 60_000;

/** For a refresh to come to its end when the gateway ends. */
const farewellMs = 5000;

interface AppState {
  /** What was read; null: there is none. Absent: not read yet. */
  login?: Login | null;
  /** Refreshing, or getting a token by itself: one at a time, whoever asks. */
  working?: Promise<Login | undefined>;
  failures: number;
  /** Not before (milliseconds since 1970). */
  nextTry: number;
  /** The token that was refused, and that came fresh from the authorization server: no use to ask again. */
  refusedFresh?: string;
}

export class TokenKeeper {
  readonly #parts: OAuthParts;
  readonly #log: (line: string) => void;
  readonly #seen: (app: OAuthApp, login: Login) => void;
  readonly #states = new Map<string, AppState>();

  /** `seen` is told of every login that is used from then on. */
  constructor(
    parts: OAuthParts,
    log: (line: string) => void,
    seen: (app: OAuthApp, login: Login) => void = () => {},
  ) {
    this.#parts = parts;
    this.#log = log;
    this.#seen = seen;
  }

  /** The login to show now; undefined: there is none. A token that ends soon is refreshed before. */
  async login(app: OAuthApp): Promise<Login | undefined> {
    const state = this.#state(app);
    if (state.login === undefined) state.login = await this.#read(app) ?? null;
    const { login } = state;
    if (!login) return undefined;
    if (!isExpired(login, expiryMarginMs)) return login;
    if (isRefreshable(login) && state.nextTry <= Date.now()) {
      const fresh = await this.#work(app, () => this.#refresh(app, login)).catch((error) => {
        if (isExpired(login) || error instanceof LoginRequired) throw error;
        return login; // the old one is good yet, and the next request tries again
      });
      return fresh;
    }
    return isExpired(login) && isRefreshable(login) ? await this.#waiting(app, state) : login;
  }

  /**
   * What to try after a server has refused `used` (undefined: there was none): another login, or undefined when
   * only a person can help.
   */
  async afterRefusal(
    app: OAuthApp,
    used: Login | undefined,
    challenge: Challenge,
  ): Promise<Login | undefined> {
    const state = this.#state(app);
    const kept = await this.#read(app);
    state.login = kept ?? null;
    if (kept && kept.access_token !== used?.access_token) return kept;
    if (used && state.refusedFresh === used.access_token) return undefined;
    const next = kept && isRefreshable(kept)
      ? await this.#work(app, () => this.#refresh(app, kept))
      : await this.#obtained(app, challenge);
    state.refusedFresh = next?.access_token;
    return next;
  }

  /** Logins are read anew when they are asked for. */
  forget(): void {
    for (const state of this.#states.values()) {
      state.login = undefined;
      state.nextTry = state.failures = 0;
    }
  }

  /** Resolves when no token is on its way (one that was issued must be kept), or in a few seconds. */
  async settled(): Promise<void> {
    const working = [...this.#states.values()].map(({ working }) => working?.catch(() => {}));
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, farewellMs);
    await Promise.race([Promise.all(working), late.promise]);
    clearTimeout(timer);
  }

  async #read(app: OAuthApp): Promise<Login | undefined> {
    const login = await this.#parts.vault.login(app.name, app.secret);
    if (login) this.#seen(app, login);
    if (!login || app.url === undefined || isMeantFor(login, app.url)) return login;
    this.#log(`the login of ${app.name} is for ${login.server}, not for ${app.url}: it is not used`);
    return undefined;
  }

  async #obtained(app: OAuthApp, challenge: Challenge): Promise<Login | undefined> {
    const client = await givenClient(app, this.#parts);
    if (!isUnattended(client)) return undefined;
    const { obtainLogin } = await import("./unattended_grants.ts");
    return await this.#work(app, () => obtainLogin(app, client, challenge, this.#parts));
  }

  /** Whoever comes while it runs gets the same. A failure holds off the next attempt. */
  #work(app: OAuthApp, work: () => Promise<Login>): Promise<Login | undefined> {
    const state = this.#state(app);
    state.working ??= work().then((login) => {
      this.#seen(app, login);
      state.login = login;
      state.failures = state.nextTry = 0;
      return login;
    }, (error) => {
      state.nextTry = Date.now() + Math.min(backOffMs * 2 ** state.failures++, longestBackOffMs);
      throw error;
    }).finally(() => state.working = undefined);
    return state.working;
  }

  /** Somebody else may have refreshed it meanwhile. */
  async #waiting(app: OAuthApp, state: AppState): Promise<Login> {
    if (state.working) return (await state.working)!;
    const kept = await this.#read(app);
    if (kept && !isExpired(kept)) return state.login = kept;
    const seconds = Math.ceil((state.nextTry - Date.now()) / 1000);
    throw new SkiffError(
      "network",
      `the login of ${app.title} could not be refreshed; next try in ${seconds} s`,
    );
  }

  async #refresh(app: OAuthApp, stale: Login): Promise<Login> {
    const { vault } = this.#parts;
    return await withAppLock(app.name, this.#parts, async () => {
      const kept = await vault.login(app.name);
      if (!kept) throw new LoginRequired(app, {});
      if (kept.access_token !== stale.access_token && !isExpired(kept, expiryMarginMs)) return kept;
      if (!isRefreshable(kept)) return this.#ifGood(app, kept);
      try {
        const fresh = await this.#requested(app, kept);
        await vault.keepLogin(app.name, fresh).catch((error) =>
          this.#log(`the new login of ${app.title} cannot be kept: ${error.message}`)
        );
        return fresh;
      } catch (error) {
        const code = error instanceof OAuthRefusal ? error.code : undefined;
        if (!code || !["invalid_grant", "invalid_client", "unauthorized_client"].includes(code)) {
          throw oauthProblem(error, `the login of ${app.title} cannot be refreshed`);
        }
        if (code !== "invalid_grant") await vault.dropRegisteredClient(app.name);
        const { refresh_token: _, ...rest } = kept;
        await vault.keepLogin(app.name, rest);
        return this.#ifGood(app, rest, error);
      }
    });
  }

  #ifGood(app: OAuthApp, login: Login, cause?: unknown): Login {
    if (!isExpired(login)) return login;
    const message = `the login of ${app.title} has ended`;
    throw new LoginRequired(app, {}, { message, cause });
  }

  async #requested(app: OAuthApp, kept: Login): Promise<Login> {
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
      clientInformation: await this.#client(app, kept.client_id!),
      refreshToken: kept.refresh_token!,
      resource: kept.resource,
      fetchFn: refusable(oauthFetch(this.#parts.guard)),
    });
    return { ...kept, ...issued(tokens, issuer), scope: tokens.scope ?? kept.scope };
  }

  /** With its secret, if it has one. */
  async #client(app: OAuthApp, clientId: string) {
    const known = [
      await givenClient(app, this.#parts).catch(() => undefined),
      await this.#parts.vault.registeredClient(app.name),
    ];
    return known.find((client) => client?.client_id === clientId) ?? { client_id: clientId };
  }

  #state({ name }: OAuthApp): AppState {
    let state = this.#states.get(name);
    if (!state) this.#states.set(name, state = { failures: 0, nextTry: 0 });
    return state;
  }
}

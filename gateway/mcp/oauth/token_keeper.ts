/**
 * The tokens of a gateway: read once, refreshed before they end, by one process at a time. Refresh tokens that
 * rotate are good for one use: whoever has waited for a turn takes what the one before has kept.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Challenge } from "./challenge.ts";
import { givenClient } from "./given_client.ts";
import { expiryMarginMs, isExpired, isRefreshable, type Login } from "./login.ts";
import { LoginRequired } from "./login_required.ts";
import type { OAuthApp } from "./oauth_app.ts";
import type { OAuthParts } from "./oauth_parts.ts";
import { refreshLogin } from "./refresh_login.ts";
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
      const refresh = () => refreshLogin(app, login, this.#parts, this.#log);
      const fresh = await this.#work(app, refresh).catch((error) => {
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
      ? await this.#work(app, () => refreshLogin(app, kept, this.#parts, this.#log))
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
    await this.#parts.vault.writeHeld().catch((error) => this.#log(`a login is lost: ${error.message}`));
  }

  async #read(app: OAuthApp): Promise<Login | undefined> {
    const { vault } = this.#parts;
    const found = await vault.loginOf(app);
    if (found) {
      this.#seen(app, found.login);
      return found.login;
    }
    const other = await vault.login(app.name);
    if (other) {
      const whom = other.server ?? "its provider";
      this.#log(`the login of ${app.name} is for ${whom}, not for ${app.url}: it is not used`);
    }
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
      if (error instanceof LoginRequired) state.login = undefined; // another try would be no help
      else state.nextTry = Date.now() + Math.min(backOffMs * 2 ** state.failures++, longestBackOffMs);
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

  /** A provider may be called like a server, and a server may have moved: a login is for one of them. */
  #state({ name, url }: OAuthApp): AppState {
    const key = JSON.stringify([name, url]);
    let state = this.#states.get(key);
    if (!state) this.#states.set(key, state = { failures: 0, nextTry: 0 });
    return state;
  }
}

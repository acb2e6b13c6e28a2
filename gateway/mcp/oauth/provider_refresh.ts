/** Tokens that servers get as a secret, in a variable: refreshed before they end, and the servers with them. */
import type { EnabledServer } from "../configuration/enabled_server.ts";
import { expiryMarginMs, isRefreshable } from "./login.ts";
import { type OAuthApp, remoteUrl } from "./oauth_app.ts";
import type { OAuthVault } from "./oauth_vault.ts";
import type { TokenKeeper } from "./token_keeper.ts";

/** After an attempt that failed. */
const againMs = 30_000;
/** A timer waits no longer; it is set anew then. */
const longestWaitMs = 12 * 60 * 60_000;

export class ProviderRefresh {
  readonly #keeper: TokenKeeper;
  readonly #vault: OAuthVault;
  readonly #changed: () => Promise<void>;
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #closed = false;

  /** `changed` has the servers started anew that have an old token. */
  constructor(keeper: TokenKeeper, vault: OAuthVault, changed: () => Promise<void>) {
    this.#keeper = keeper;
    this.#vault = vault;
    this.#changed = changed;
  }

  /** From now on the providers of these servers are looked after, and no others. */
  async watch(servers: readonly EnabledServer[]): Promise<void> {
    const names = servers.filter(({ entry }) => remoteUrl(entry) === undefined)
      .flatMap(({ entry }) => entry.oauth?.providers ?? []).map(({ provider }) => provider);
    this.#stop();
    for (const name of new Set(names)) await this.#schedule({ name, title: name });
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  async #schedule(app: OAuthApp, leastMs = 0): Promise<void> {
    const login = await this.#vault.login(app.name).catch(() => undefined);
    if (this.#closed || !login || login.expires_at === undefined || !isRefreshable(login)) return;
    const untilMs = Math.max(login.expires_at - expiryMarginMs - Date.now(), leastMs);
    const timer = setTimeout(() => this.#refresh(app), Math.min(untilMs, longestWaitMs));
    Deno.unrefTimer(timer);
    clearTimeout(this.#timers.get(app.name));
    this.#timers.set(app.name, timer);
  }

  async #refresh(app: OAuthApp): Promise<void> {
    const before = await this.#vault.login(app.name).catch(() => undefined);
    const now = await this.#keeper.login(app).catch(() => undefined);
    const isNew = now !== undefined && now.access_token !== before?.access_token;
    await this.#schedule(app, isNew ? 0 : againMs);
    if (isNew) await this.#changed();
  }
}

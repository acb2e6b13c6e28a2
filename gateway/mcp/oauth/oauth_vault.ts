/** Logins and clients among the secrets. */
import type { SecretSources } from "../secrets/resolve_secrets.ts";
import type { SecretStore } from "../secrets/secret_store.ts";
import { isMeantFor, type Login, parseLogin, tokenName } from "./login.ts";
import { loginAmong, type OAuthApp, placesOf } from "./oauth_app.ts";
import {
  givenClientName,
  type OAuthClient,
  parseGivenClient,
  parseRegisteredClient,
  type RegisteredClient,
  registeredClientName,
} from "./oauth_client.ts";

export class OAuthVault {
  readonly #store: SecretStore;
  readonly #sources?: () => SecretSources;
  /** By the name of the secret: what could not be written, and what is kept in its place. */
  readonly #held = new Map<string, { text: string; instead?: string }>();

  /** What is not in the store is looked for in `sources` (files of `--secrets`); all is written to the store. */
  constructor(store: SecretStore, sources?: () => SecretSources) {
    this.#store = store;
    this.#sources = sources;
  }

  /** What is kept under a name, whoever it is for. */
  async login(place: string): Promise<Login | undefined> {
    const text = await this.#get(tokenName(place));
    return text === undefined ? undefined : parseLogin(text);
  }

  /** The login of an app, and the place that it is kept at; one that is for another server is none. */
  async loginOf(app: OAuthApp): Promise<{ place: string; login: Login } | undefined> {
    if (app.url !== undefined) {
      const found = await loginAmong(placesOf(app), app.url, (secret) => this.#get(secret));
      if (found) return found;
    }
    const kept = app.url === undefined ? await this.login(app.name) : undefined;
    if (kept) return { place: app.name, login: kept };
    const given = app.secret === undefined ? undefined : await this.#get(app.secret);
    const login = given === undefined ? undefined : parseLogin(given);
    return login && (app.url === undefined || isMeantFor(login, app.url))
      ? { place: app.name, login }
      : undefined;
  }

  async keepLogin(place: string, login: Login): Promise<void> {
    await this.#store.set(tokenName(place), JSON.stringify(login));
  }

  /**
   * Keeps a login that there is only once. When that fails it is held for this process, and written as soon as that
   * can be (`writeHeld`); it counts until somebody else has kept another one. Throws why it could not be kept.
   */
  async keepOrHoldLogin(place: string, login: Login): Promise<void> {
    const name = tokenName(place);
    const instead = this.#held.get(name)?.instead ?? await this.#stored(name).catch(() => undefined);
    this.#held.set(name, { text: JSON.stringify(login), instead });
    await this.keepLogin(place, login);
    this.#held.delete(name);
  }

  /** What is held is kept, where that can be now. */
  async writeHeld(): Promise<void> {
    for (const [name, { text, instead }] of this.#held) {
      if (await this.#stored(name) === instead) await this.#store.set(name, text);
      this.#held.delete(name);
    }
  }

  /** False when there was none. */
  async dropLogin(place: string): Promise<boolean> {
    return await this.#store.remove(tokenName(place));
  }

  /** The client that the user has given for an app, and under which of its names. */
  async givenClient(app: OAuthApp): Promise<{ place: string; client: Partial<OAuthClient> } | undefined> {
    for (const place of placesOf(app)) {
      const name = givenClientName(place);
      const text = await this.#get(name);
      if (text !== undefined) return { place, client: parseGivenClient(text, name) };
    }
    return undefined;
  }

  async registeredClient(place: string): Promise<RegisteredClient | undefined> {
    const text = await this.#store.get(registeredClientName(place));
    return text === undefined ? undefined : parseRegisteredClient(text);
  }

  /** All that were registered for an app, or given for it and used. */
  async registeredClients(app: OAuthApp): Promise<RegisteredClient[]> {
    const clients = await Promise.all(placesOf(app).map((place) => this.registeredClient(place)));
    return clients.filter((client) => client !== undefined);
  }

  async keepRegisteredClient(place: string, client: RegisteredClient): Promise<void> {
    await this.#store.set(registeredClientName(place), JSON.stringify(client));
  }

  async dropRegisteredClient(place: string): Promise<boolean> {
    return await this.#store.remove(registeredClientName(place));
  }

  /** The names that there are logins under. */
  async logins(): Promise<string[]> {
    const prefix = tokenName("");
    const names = (await this.#store.list()).map(({ name }) => name);
    return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  }

  async #get(name: string): Promise<string | undefined> {
    const text = await this.#stored(name);
    const held = this.#held.get(name);
    return held && held.instead === text ? held.text : text;
  }

  async #stored(name: string): Promise<string | undefined> {
    return await this.#store.get(name) ?? await this.#sources?.().get(name);
  }
}

/** Logins and clients among the secrets. */
import type { SecretSources } from "../secrets/resolve_secrets.ts";
import type { SecretStore } from "../secrets/secret_store.ts";
import { type Login, parseLogin, tokenName } from "./login.ts";
import {
  givenClientName,
  type OAuthClient,
  parseGivenClient,
  type RegisteredClient,
  registeredClientName,
} from "./oauth_client.ts";

export class OAuthVault {
  readonly #store: SecretStore;
  readonly #sources?: () => SecretSources;

  /** What is not in the store is looked for in `sources` (files of `--secrets`); all is written to the store. */
  constructor(store: SecretStore, sources?: () => SecretSources) {
    this.#store = store;
    this.#sources = sources;
  }

  /** `secret`: where else a token may be, given by the user. */
  async login(app: string, secret?: string): Promise<Login | undefined> {
    const text = await this.#get(tokenName(app)) ??
      (secret === undefined ? undefined : await this.#get(secret));
    return text === undefined ? undefined : parseLogin(text);
  }

  async keepLogin(app: string, login: Login): Promise<void> {
    await this.#store.set(tokenName(app), JSON.stringify(login));
  }

  /** False when there was none. */
  async dropLogin(app: string): Promise<boolean> {
    return await this.#store.remove(tokenName(app));
  }

  /** The client that the user has given. */
  async givenClient(app: string): Promise<Partial<OAuthClient> | undefined> {
    const name = givenClientName(app);
    const text = await this.#get(name);
    return text === undefined ? undefined : parseGivenClient(text, name);
  }

  async registeredClient(app: string): Promise<RegisteredClient | undefined> {
    const text = await this.#store.get(registeredClientName(app));
    if (text === undefined) return undefined;
    const value = JSON.parse(text) as RegisteredClient;
    return typeof value.client_id === "string" ? value : undefined;
  }

  async keepRegisteredClient(app: string, client: RegisteredClient): Promise<void> {
    await this.#store.set(registeredClientName(app), JSON.stringify(client));
  }

  async dropRegisteredClient(app: string): Promise<boolean> {
    return await this.#store.remove(registeredClientName(app));
  }

  /** The apps that there are logins of. */
  async logins(): Promise<string[]> {
    const prefix = tokenName("");
    const names = (await this.#store.list()).map(({ name }) => name);
    return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  }

  async #get(name: string): Promise<string | undefined> {
    return await this.#store.get(name) ?? await this.#sources?.().get(name);
  }
}

/** The values of secrets for servers, out of the store and of files. */
import { resolveFile, type ToolkitFiles } from "../configuration/toolkit_files.ts";
import type { Environment } from "../configuration/toolkit_files.ts";
import type { ServerEntry } from "../catalog/server_entry.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { readText } from "../files/edit_file.ts";
import { isOfOAuth } from "../oauth/oauth_client.ts";
import { isUsable, parseLogin, tokenName } from "../oauth/login.ts";
import { loginAmong, placesOf, providerOf, remoteUrl } from "../oauth/oauth_app.ts";
import { parseSecretLines, splitSearchPath } from "./env_file.ts";
import { openSecretStore, type SecretStore } from "./secret_store.ts";

/** What `--secrets` calls the store. */
const storeName = "docker-desktop";

export interface SecretSources {
  /** The value of a secret by its name, from the first source that has it. */
  get(name: string): Promise<string | undefined>;
  /** Files that were read or would be. */
  files: string[];
}

export interface SecretSourceOptions {
  files: ToolkitFiles;
  env: Environment;
  cwd: string;
  /** As `--secrets`: names of sources with colons between. Default: the store. */
  search?: string;
}

/**
 * All sources of a search path; where several have a secret the first one counts. Throws "invalid_input" for a
 * broken file; one that is missing is no error when there are several.
 */
export async function openSecretSources(options: SecretSourceOptions): Promise<SecretSources> {
  const { files, env, cwd, search = storeName } = options;
  const sources: (SecretStore | Map<string, string>)[] = [];
  const paths: string[] = [];
  const parts = splitSearchPath(search);
  for (const part of parts) {
    if (part === storeName || part === "store") {
      sources.push(await openSecretStore(files, env));
      paths.push(files.secrets);
      continue;
    }
    const path = resolveFile({ ...files, folder: cwd }, part, cwd);
    paths.push(path);
    const text = await readText(path);
    if (text !== undefined) sources.push(parseSecretLines(text, path));
    else if (parts.length === 1) {
      throw new SkiffError("not_found", `There is no file of secrets ${path}`, {
        hint: "Give a file of `name=value` lines, or leave --secrets out.",
      });
    }
  }
  return {
    files: paths,
    async get(name) {
      for (const source of sources) {
        const value = await source.get(name);
        if (value !== undefined) return value;
      }
      return undefined;
    },
  };
}

/**
 * Values of the secrets that a server declares, and no others, by name. Missing ones are left out. The token of
 * an OAuth provider stands for the plain secret of its name. For a remote server its login counts as a secret,
 * by its id alone (`tokenName`), so that another login is another configuration. No server is given a login or a
 * client by declaring its name.
 */
export async function resolveSecrets(
  entry: ServerEntry,
  sources: SecretSources,
): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  const plain = async (name: string) => isOfOAuth(name) ? undefined : await sources.get(name);
  for (const { name } of entry.secrets ?? []) {
    const value = await plain(name);
    if (value !== undefined) values.set(name, value);
  }
  const url = remoteUrl(entry);
  if (url !== undefined) {
    const places = placesOf({ name: entry.name, provider: providerOf(entry) });
    const found = await loginAmong(places, url, (secret) => sources.get(secret));
    if (found) values.set(tokenName(entry.name), found.login.id);
    return values;
  }
  for (const { provider, secret = tokenName(provider) } of entry.oauth?.providers ?? []) {
    const login = await loginOf(provider, sources);
    // A token that was issued for a remote server is for nobody else.
    if (login && login.server === undefined && isUsable(login)) values.set(secret, login.access_token);
    else if (!values.has(secret)) {
      const value = await plain(secret);
      if (value !== undefined) values.set(secret, value);
    }
  }
  return values;
}

async function loginOf(app: string, sources: SecretSources) {
  const text = await sources.get(tokenName(app));
  return text === undefined ? undefined : parseLogin(text);
}

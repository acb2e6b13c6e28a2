/**
 * Which npm registry this user has: npm_config_registry, then ~/.npmrc (npm's documentation, "npmrc"). A
 * workspace's own .npmrc is not asked: it must not learn the user's tokens.
 */

export interface NpmRegistry {
  /** Without a slash at the end. */
  url: string;
  /** For requests to its host. */
  headers: Record<string, string>;
}

type Environment = { get(name: string): string | undefined };

const defaultRegistry = "https://registry.npmjs.org";

/** The registry for a package, with the scope's own registry and the token if there are any. */
export async function npmRegistry(packageName: string, env: Environment = Deno.env): Promise<NpmRegistry> {
  const settings = await readNpmrc(env);
  const scope = packageName.startsWith("@") ? packageName.slice(0, packageName.indexOf("/")) : undefined;
  const chosen = (scope && settings[`${scope}:registry`]) ||
    env.get("npm_config_registry") || env.get("NPM_CONFIG_REGISTRY") ||
    settings.registry || defaultRegistry;
  const url = new URL(chosen);
  const headers = authorization(url, settings);
  url.username = url.password = "";
  return { url: url.href.replace(/\/+$/, ""), headers };
}

/** Address of a tarball, by the registry's convention: "<registry>/@scope/name/-/name-1.2.3.tgz". */
export function tarballUrl(registry: string, name: string, version: string): string {
  return `${registry}/${name}/-/${name.slice(name.indexOf("/") + 1)}-${version}.tgz`;
}

async function readNpmrc(env: Environment): Promise<Record<string, string>> {
  const home = env.get("HOME") ?? env.get("USERPROFILE") ?? "/";
  const path = env.get("NPM_CONFIG_USERCONFIG") ?? env.get("npm_config_userconfig") ?? `${home}/.npmrc`;
  return parseNpmrc(await Deno.readTextFile(path).catch(() => ""), env);
}

/** Lines `key = value`; `${NAME}` is replaced by the variable, comments begin with ; or #. */
export function parseNpmrc(text: string, env: Environment): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line);
    if (!match) continue;
    const value = match[2].replace(/^(["'])(.*)\1$/, "$2");
    settings[match[1]] = value.replace(/\$\{([^}]+)\}/g, (whole, name) => env.get(name) ?? whole);
  }
  return settings;
}

/** Tokens are kept by address without the scheme: "//registry.example/path/:_authToken"; the longest path counts. */
function authorization(url: URL, settings: Record<string, string>): Record<string, string> {
  if (url.username) return basic(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`);
  const parts = url.pathname.replace(/\/+$/, "").split("/");
  for (let length = parts.length; length > 0; length--) {
    const key = `//${url.host}${parts.slice(0, length).join("/")}/`;
    const token = settings[`${key}:_authToken`];
    if (token) return { authorization: `Bearer ${token}` };
    if (settings[`${key}:_auth`]) return { authorization: `Basic ${settings[`${key}:_auth`]}` };
    const user = settings[`${key}:username`];
    if (user) return basic(`${user}:${atob(settings[`${key}:_password`] ?? "")}`);
  }
  return {};
}

function basic(login: string): Record<string, string> {
  return { authorization: `Basic ${new TextEncoder().encode(login).toBase64()}` };
}

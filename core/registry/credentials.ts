/** Credentials for registries, from where Docker's tools keep them. */
import { SkiffError } from "../errors/skiff_error.ts";

export interface Credential {
  username: string;
  password: string;
  /** An OAuth2 refresh token, in place of a password. */
  identityToken?: string;
}

type Environment = { get(name: string): string | undefined };

interface DockerConfig {
  auths?: Record<string, { auth?: string; username?: string; password?: string; identitytoken?: string }>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
}

const dockerHubKey = "https://index.docker.io/v1/";

/**
 * What to log in to `registry` ("docker.io", "ghcr.io", "localhost:5000") with; undefined = anonymous. In
 * order: DOCKER_USERNAME and DOCKER_PASSWORD, DOCKER_HUB_USER and DOCKER_HUB_PASSWORD (Docker Hub only),
 * then Docker's config.json with its credential helpers.
 */
export async function findCredential(
  registry: string,
  env: Environment = Deno.env,
): Promise<Credential | undefined> {
  const isHub = registry === "docker.io";
  if (isHub) {
    for (
      const [user, password] of [["DOCKER_USERNAME", "DOCKER_PASSWORD"], [
        "DOCKER_HUB_USER",
        "DOCKER_HUB_PASSWORD",
      ]]
    ) {
      if (env.get(user) && env.get(password)) {
        return { username: env.get(user)!, password: env.get(password)! };
      }
    }
  }
  const folder = env.get("DOCKER_CONFIG") || `${env.get("HOME") ?? env.get("USERPROFILE")}/.docker`;
  const config = await readDockerConfig(`${folder}/config.json`);
  if (config === undefined) return undefined;
  const keys = isHub
    ? [dockerHubKey, "index.docker.io", "docker.io"]
    : [registry, `https://${registry}`, `https://${registry}/v1/`, `https://${registry}/v2/`];
  for (const key of keys) {
    const helper = config.credHelpers?.[key] ?? (config.auths?.[key] && config.credsStore);
    const found = helper ? await askHelper(helper, key) : inlineCredential(config.auths?.[key]);
    if (found) return found;
  }
  return config.credsStore ? await askHelper(config.credsStore, keys[0]) : undefined;
}

async function readDockerConfig(path: string): Promise<DockerConfig | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SkiffError("invalid_input", `Cannot read ${path}: ${(error as Error).message}`, {
      hint: "Repair the file, or move it away to go on without credentials.",
      cause: error,
    });
  }
}

function inlineCredential(
  entry: NonNullable<DockerConfig["auths"]>[string] | undefined,
): Credential | undefined {
  if (!entry) return undefined;
  const { auth, username = "", password = "", identitytoken } = entry;
  if (!auth) {
    return username || identitytoken ? { username, password, identityToken: identitytoken } : undefined;
  }
  const decoded = new TextDecoder().decode(Uint8Array.from(atob(auth), (char) => char.charCodeAt(0)));
  const colon = decoded.indexOf(":");
  if (colon < 0) return undefined;
  return {
    username: decoded.slice(0, colon),
    password: decoded.slice(colon + 1).replace(/\0+$/, ""),
    identityToken: identitytoken,
  };
}

/** The protocol of docker-credential-helpers: the server's name on stdin, JSON on stdout. */
async function askHelper(helper: string, server: string): Promise<Credential | undefined> {
  let output: Deno.CommandOutput;
  try {
    const child = new Deno.Command(`docker-credential-${helper}`, {
      args: ["get"],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(server));
    await writer.close();
    output = await child.output();
  } catch {
    return undefined; // the helper is not installed here
  }
  if (!output.success) return undefined; // it knows no such server
  const { Username, Secret } = JSON.parse(new TextDecoder().decode(output.stdout));
  return Username === "<token>"
    ? { username: "", password: "", identityToken: Secret }
    : { username: Username, password: Secret };
}

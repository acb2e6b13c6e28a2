/** Log-ins that the Engine uses at registries: they travel with the request that needs them. */
import { type Credential, findCredential } from "../registry/credentials.ts";
import type { Environment } from "./context_store.ts";

/** What a registry is asked with: a credential, none, or (undefined) the one that Docker's files hold. */
export type RegistryLogin = Credential | "anonymous" | undefined;

const hubServer = "https://index.docker.io/v1/";

/** The value of X-Registry-Auth for images of `registry`. */
export async function registryAuth(
  registry: string,
  login?: RegistryLogin,
  env: Environment = Deno.env,
): Promise<string> {
  const credential = login === undefined ? await findCredential(registry, env) : login;
  return encoded(!credential || credential === "anonymous" ? {} : authEntry(registry, credential));
}

/** The value of X-Registry-Config: the log-ins of several registries, for builds. */
export async function registryConfig(registries: string[], env: Environment = Deno.env): Promise<string> {
  const entries: Record<string, unknown> = {};
  for (const registry of registries) {
    const credential = await findCredential(registry, env);
    if (credential) entries[serverAddress(registry)] = authEntry(registry, credential);
  }
  return encoded(entries);
}

function authEntry(registry: string, { username, password, identityToken }: Credential) {
  return {
    serveraddress: serverAddress(registry),
    ...(identityToken ? { username, identitytoken: identityToken } : { username, password }),
  };
}

function serverAddress(registry: string): string {
  return registry === "docker.io" ? hubServer : registry;
}

/** Base64 for URLs, with padding, as Go's base64.URLEncoding. */
function encoded(value: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}

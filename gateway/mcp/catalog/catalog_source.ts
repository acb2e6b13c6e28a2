/** Where catalogs come from: the embedded snapshot, files, and addresses with a copy for when they are away. */
import { readAsset } from "../../../core/assets/assets.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { failureReason, fetchTrusting } from "../../../core/http/trusting_fetch.ts";
import { skiffPaths } from "../../../core/paths/paths.ts";
import type { Environment } from "../configuration/toolkit_files.ts";
import { readText } from "../files/edit_file.ts";
import type { ServerEntry } from "./server_entry.ts";
import { type Catalog, catalogOf, catalogValue, parseCatalog } from "./catalog_text.ts";

/** Docker's own catalog; it belongs to Docker and is not edited here. */
export const dockerCatalog = "docker-mcp";
/** The catalog inside skiff. */
export const embeddedCatalog = "skiff";

const dockerCatalogRoot = "https://desktop.docker.com/mcp/catalog";

/** Names that `catalog import` and `--catalog` take in place of an address. */
export const catalogAliases = [dockerCatalog, "docker-mcp-v2", "docker-mcp-v3"];

/** The address of an alias; SKIFF_MCP_CATALOG_URL names a copy of Docker's catalog elsewhere. */
export function aliasUrl(alias: string, env: Environment): string | undefined {
  if (!catalogAliases.includes(alias)) return undefined;
  const version = alias === "docker-mcp-v2" ? "v2" : "v3";
  return env.get("SKIFF_MCP_CATALOG_URL") || `${dockerCatalogRoot}/${version}/catalog.yaml`;
}

const largestCatalog = 64 * 1024 * 1024;
const fetchMs = 20_000;

/** The servers that skiff brings along, written by its authors. */
export async function readEmbedded(env: Environment): Promise<Catalog> {
  const bytes = await readAsset("mcp_catalog.yaml");
  if (!bytes) throw new SkiffError("internal", "This build of skiff carries no MCP catalog");
  const file = "mcp_catalog.yaml";
  return catalogOf(await cachedValue(new TextDecoder().decode(bytes), file, env), embeddedCatalog, file);
}

/** A catalog file; undefined when it is not there. Parsed once a change: large YAML takes its time. */
export async function readCatalogFile(
  path: string,
  name: string,
  env: Environment,
): Promise<Catalog | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  return catalogOf(await cachedValue(text, path, env), name, path);
}

/** The value of YAML by the digest of its text, from skiff's cache: parsing 700 kB takes a quarter of a second. */
async function cachedValue(text: string, path: string, env: Environment): Promise<Record<string, unknown>> {
  if (text.length < 5_000 || /^\s*\{/.test(text)) return catalogValue(text, path);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const name = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const folder = `${skiffPaths(env).cache}/mcp-catalogs`;
  const file = `${folder}/${name}.json`;
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch { /* not there, or half a disk ago: parse */ }
  const value = catalogValue(text, path);
  await Deno.mkdir(folder, { recursive: true }).then(async () => {
    const part = `${file}.${crypto.randomUUID()}`;
    await Deno.writeTextFile(part, JSON.stringify(value));
    await Deno.rename(part, file);
  }).catch(() => {}); // a cache that cannot be written costs time only
  return value;
}

/** The text at an address. Throws "network", and "invalid_input" for plain HTTP to another machine. */
export async function fetchText(url: string, env: Environment): Promise<string> {
  const { protocol, hostname } = new URL(url);
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  if (protocol !== "https:" && !local && !env.get("DOCKER_MCP_ALLOW_INSECURE_REMOTE_URLS")) {
    throw new SkiffError("invalid_input", `${url} is not encrypted`, {
      hint: "Use https, or set DOCKER_MCP_ALLOW_INSECURE_REMOTE_URLS=1.",
    });
  }
  try {
    const response = await fetchTrusting(url, { signal: AbortSignal.timeout(fetchMs) });
    if (!response.ok) {
      await response.body?.cancel();
      throw new SkiffError("network", `${url} answered ${response.status} ${response.statusText}`.trim());
    }
    return await readAtMost(response, url);
  } catch (error) {
    if (error instanceof SkiffError) throw error;
    throw new SkiffError(
      "network",
      `Cannot reach ${url}: ${failureReason(error) ?? (error as Error).message}`,
      {
        hint: "Check the address and the network.",
        cause: error,
      },
    );
  }
}

/** The readme that an entry names by its address; undefined when it names none. Throws as `fetchText`. */
export async function readReadme(entry: ServerEntry, env: Environment): Promise<string | undefined> {
  const url = entry.readme;
  return typeof url === "string" && /^https?:\/\//i.test(url) ? await fetchText(url, env) : undefined;
}

async function readAtMost(response: Response, url: string): Promise<string> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > largestCatalog) {
      throw new SkiffError("invalid_input", `${url} is larger than a catalog can be`);
    }
    chunks.push(chunk);
  }
  return await new Blob(chunks).text();
}

export interface FetchedCatalog {
  catalog: Catalog;
  /** Why the copy of an earlier time is used. */
  warning?: string;
}

/** The catalog at an address; when it is away the copy of the last time. */
export async function fetchCatalog(url: string, name: string, env: Environment): Promise<FetchedCatalog> {
  const folder = `${skiffPaths(env).cache}/mcp-catalogs`;
  const copy = `${folder}/${encodeURIComponent(url).slice(0, 200)}.yaml`;
  try {
    const text = await fetchText(url, env);
    const catalog = parseCatalog(text, name, url);
    await Deno.mkdir(folder, { recursive: true });
    const part = `${copy}.${crypto.randomUUID().slice(0, 8)}`;
    await Deno.writeTextFile(part, text);
    await Deno.rename(part, copy);
    return { catalog };
  } catch (error) {
    const old = await readCatalogFile(copy, name, env).catch(() => undefined);
    if (!old) throw error;
    return { catalog: old, warning: `${(error as Error).message}; the copy of the last time is used` };
  }
}

/** All servers of a community registry (`GET /v0/servers`, page by page) as entries of a catalog. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Environment } from "../configuration/toolkit_files.ts";
import { fetchText } from "./catalog_source.ts";
import { fromServerJson, type PackageKinds } from "./community_registry.ts";
import type { ServerEntry } from "./server_entry.ts";

interface ServerList {
  servers?: unknown[];
  metadata?: { nextCursor?: string; next_cursor?: string };
}

/** Pages after which a registry that never ends is left. */
const mostPages = 1000;

/** The latest version of each server that runs in a container or is remote; the others are counted in `notes`. */
export async function communityServers(
  registry: string,
  { exclude, ...kinds }: PackageKinds & { exclude: string[] },
  env: Environment,
): Promise<{ entries: Map<string, ServerEntry>; notes: string[] }> {
  const entries = new Map<string, ServerEntry>();
  const skipped = new Map<string, number>();
  const skip = (why: string) => skipped.set(why, (skipped.get(why) ?? 0) + 1);
  for await (const server of listed(registry, env)) {
    const json = (server as { server?: { name?: string } }).server ?? server as { name?: string };
    if (exclude.includes(json.name ?? "")) {
      skip("excluded");
      continue;
    }
    try {
      const entry = fromServerJson(JSON.stringify(json), registry, kinds);
      entries.set(entry.name, entry);
    } catch (error) {
      if (!(error instanceof SkiffError)) throw error;
      skip(error.code === "unsupported" ? "no container image and no remote address" : "not understood");
    }
  }
  const notes = [...skipped].map(([why, count]) => `${count} left out: ${why}`);
  return { entries: new Map([...entries].sort(([a], [b]) => a < b ? -1 : 1)), notes };
}

async function* listed(registry: string, env: Environment): AsyncGenerator<unknown> {
  const base = /^https?:\/\//i.test(registry) ? registry.replace(/\/+$/, "") : `https://${registry}`;
  let cursor = "";
  for (let page = 0; page < mostPages; page++) {
    const url = new URL(`${base}/v0/servers?version=latest&limit=100`);
    if (cursor) url.searchParams.set("cursor", cursor);
    const { servers = [], metadata } = listOf(await fetchText(url.href, env), url.href);
    yield* servers;
    cursor = metadata?.nextCursor ?? metadata?.next_cursor ?? "";
    if (!cursor) return;
  }
}

function listOf(text: string, url: string): ServerList {
  try {
    const value = JSON.parse(text);
    if (Array.isArray(value?.servers)) return value;
  } catch { /* told below */ }
  throw new SkiffError("invalid_input", `${url} lists no servers`, {
    hint: "Give the host of a registry, like registry.modelcontextprotocol.io.",
  });
}

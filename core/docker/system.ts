/** The Engine itself: whether it is there, what it is, what it stores. */
import type { Abortable } from "./containers.ts";
import type { Docker } from "./docker.ts";
import type { DiskUsage, EngineInfo, EngineVersion } from "./types/system.ts";

/** Throws when the Engine does not answer. */
export async function ping(docker: Docker, { signal }: Abortable = {}): Promise<void> {
  await docker.call("GET", "/_ping", { signal });
}

export async function version(docker: Docker, { signal }: Abortable = {}): Promise<EngineVersion> {
  return await docker.json("GET", "/version", { signal });
}

export async function info(docker: Docker, { signal }: Abortable = {}): Promise<EngineInfo> {
  return await docker.json("GET", "/info", { signal, long: true });
}

/** Slow on large stores. `types` from API 1.42: "container", "image", "volume", "build-cache". */
export async function diskUsage(
  docker: Docker,
  { types, signal }: { types?: string[] } & Abortable = {},
): Promise<DiskUsage> {
  const query = docker.supports("1.42") ? { type: types } : {};
  return await docker.json("GET", "/system/df", { query, signal, long: true });
}

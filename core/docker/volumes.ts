/** Volumes. */
import type { Abortable } from "./containers.ts";
import type { Docker } from "./docker.ts";
import type { Filters, PruneAnswer } from "./types/system.ts";
import type { CreateVolumeBody, Volume } from "./types/volume.ts";

/** The volume, also when it is there already. Throws "conflict" when that one has another driver. */
export async function createVolume(
  docker: Docker,
  body: CreateVolumeBody = {},
  { signal }: Abortable = {},
): Promise<Volume> {
  return await docker.json("POST", "/volumes/create", { body, signal });
}

/** Undefined when there is none. */
export async function inspectVolume(
  docker: Docker,
  name: string,
  { signal }: Abortable = {},
): Promise<Volume | undefined> {
  const response = await docker.request("GET", path(name), { signal, allow: [404] });
  const answer = await response.json();
  return response.status === 404 ? undefined : answer;
}

/** Throws "not_found", "conflict" (in use). */
export async function removeVolume(
  docker: Docker,
  name: string,
  { force, signal }: { force?: boolean } & Abortable = {},
): Promise<void> {
  await docker.call("DELETE", path(name), { query: { force }, signal });
}

export async function listVolumes(
  docker: Docker,
  { filters, signal }: { filters?: Filters } & Abortable = {},
): Promise<Volume[]> {
  const { Volumes } = await docker.json<{ Volumes: Volume[] | null }>("GET", "/volumes", {
    query: { filters },
    signal,
  });
  return Volumes ?? [];
}

/** Removes unused anonymous volumes; with `filters: {all: ["true"]}` (API 1.42) named ones too. */
export async function pruneVolumes(
  docker: Docker,
  { filters, signal }: { filters?: Filters } & Abortable = {},
): Promise<PruneAnswer> {
  return await docker.json("POST", "/volumes/prune", { query: { filters }, signal, long: true });
}

function path(name: string): string {
  return `/volumes/${encodeURIComponent(name)}`;
}

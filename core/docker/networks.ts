/** Networks. */
import type { Abortable } from "./containers.ts";
import type { Docker } from "./docker.ts";
import type { CreateNetworkBody, EndpointSettings, NetworkInspect } from "./types/network.ts";
import type { Filters, PruneAnswer } from "./types/system.ts";

/** Throws "conflict" when the name is taken. */
export async function createNetwork(
  docker: Docker,
  body: CreateNetworkBody,
  { signal }: Abortable = {},
): Promise<{ Id: string; Warning: string }> {
  // Before API 1.44 a second network of the same name would be made.
  const checked = docker.supports("1.44") ? body : { CheckDuplicate: true, ...body };
  return await docker.json("POST", "/networks/create", { body: checked, signal });
}

/** Undefined when there is none. */
export async function inspectNetwork(
  docker: Docker,
  id: string,
  { verbose, scope, signal }: { verbose?: boolean; scope?: string } & Abortable = {},
): Promise<NetworkInspect | undefined> {
  const response = await docker.request("GET", path(id), { query: { verbose, scope }, signal, allow: [404] });
  const answer = await response.json();
  return response.status === 404 ? undefined : answer;
}

export async function listNetworks(
  docker: Docker,
  { filters, signal }: { filters?: Filters } & Abortable = {},
): Promise<NetworkInspect[]> {
  return await docker.json("GET", "/networks", { query: { filters }, signal });
}

/** Throws "not_found"; "forbidden" while containers are connected. */
export async function removeNetwork(docker: Docker, id: string, { signal }: Abortable = {}): Promise<void> {
  await docker.call("DELETE", path(id), { signal });
}

export async function connectNetwork(
  docker: Docker,
  id: string,
  { container, endpoint, signal }: { container: string; endpoint?: EndpointSettings } & Abortable,
): Promise<void> {
  const body = { Container: container, EndpointConfig: endpoint };
  await docker.call("POST", `${path(id)}/connect`, { body, signal });
}

export async function disconnectNetwork(
  docker: Docker,
  id: string,
  { container, force, signal }: { container: string; force?: boolean } & Abortable,
): Promise<void> {
  await docker.call("POST", `${path(id)}/disconnect`, {
    body: { Container: container, Force: force ?? false },
    signal,
  });
}

/** Removes the networks that no container uses. */
export async function pruneNetworks(
  docker: Docker,
  { filters, signal }: { filters?: Filters } & Abortable = {},
): Promise<PruneAnswer> {
  return await docker.json("POST", "/networks/prune", { query: { filters }, signal, long: true });
}

function path(id: string): string {
  return `/networks/${encodeURIComponent(id)}`;
}

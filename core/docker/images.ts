/** Images that the Engine has. What moves them in and out is in image_transfer.ts. */
import type { Abortable } from "./containers.ts";
import type { Docker } from "./docker.ts";
import { parseImageReference } from "./image_reference.ts";
import { registryAuth, type RegistryLogin } from "./registry_auth.ts";
import type {
  DistributionInspect,
  ImageHistoryEntry,
  ImageInspect,
  ImageRemoval,
  ImageSummary,
} from "./types/image.ts";
import type { Filters, PruneAnswer } from "./types/system.ts";

export { importImage, loadImages, pullImage, pushImage, saveImages } from "./image_transfer.ts";

/** Undefined when the Engine has none of that name or id. */
export async function inspectImage(
  docker: Docker,
  reference: string,
  { signal }: Abortable = {},
): Promise<ImageInspect | undefined> {
  const response = await docker.request("GET", `${imagePath(reference)}/json`, { signal, allow: [404] });
  const answer = await response.json();
  return response.status === 404 ? undefined : answer;
}

export async function listImages(
  docker: Docker,
  { signal, ...query }: { all?: boolean; digests?: boolean; filters?: Filters } & Abortable = {},
): Promise<ImageSummary[]> {
  return await docker.json("GET", "/images/json", { query, signal });
}

/** Gives an image one more name. Throws "not_found". */
export async function tagImage(
  docker: Docker,
  reference: string,
  { target, signal }: { target: string } & Abortable,
): Promise<void> {
  const { name, tag } = parseImageReference(target);
  await docker.call("POST", `${imagePath(reference)}/tag`, { query: { repo: name, tag }, signal });
}

/** Takes a name away; with the last name the image goes. Throws "not_found", "conflict" (in use). */
export async function removeImage(
  docker: Docker,
  reference: string,
  { force, noprune, signal }: { force?: boolean; noprune?: boolean } & Abortable = {},
): Promise<ImageRemoval[]> {
  return await docker.json("DELETE", imagePath(reference), { query: { force, noprune }, signal, long: true });
}

/** The newest layer first. */
export async function imageHistory(
  docker: Docker,
  reference: string,
  { signal }: Abortable = {},
): Promise<ImageHistoryEntry[]> {
  return await docker.json("GET", `${imagePath(reference)}/history`, { signal });
}

/** Removes images without a name; with `filters: {dangling: ["false"]}` all unused ones. */
export async function pruneImages(
  docker: Docker,
  { filters, signal }: { filters?: Filters } & Abortable = {},
): Promise<PruneAnswer> {
  return await docker.json("POST", "/images/prune", { query: { filters }, signal, long: true });
}

/** What its registry has under the name, without pulling. */
export async function inspectDistribution(
  docker: Docker,
  reference: string,
  { auth, signal }: { auth?: RegistryLogin } & Abortable = {},
): Promise<DistributionInspect> {
  const { registry } = parseImageReference(reference);
  const headers = { "X-Registry-Auth": await registryAuth(registry, auth) };
  return await docker.json("GET", `/distribution/${imageName(reference)}/json`, {
    headers,
    signal,
    long: true,
  });
}

export function imagePath(reference: string): string {
  return `/images/${imageName(reference)}`;
}

/** Slashes are part of the path; everything else that a name can hold is safe in one. */
function imageName(reference: string): string {
  return reference.split("/").map(encodeURIComponent).join("/").replaceAll("%3A", ":").replaceAll("%40", "@");
}

/** A container that no abort loses. */
import {
  createContainer,
  type CreateContainerOptions,
  removeContainer,
} from "../../../core/docker/containers.ts";
import type { Docker } from "../../../core/docker/docker.ts";

/**
 * The id of a new container. The Engine makes it even when nobody waits for its answer any more: when the signal
 * aborts meanwhile, it is awaited all the same, and removed. Throws the signal's reason then.
 */
export async function newContainer(
  docker: Docker,
  body: CreateContainerOptions,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  const { Id: id } = await createContainer(docker, body);
  if (!signal.aborted) return id;
  await removeContainer(docker, id, { force: true, volumes: true }).catch(() => {});
  throw signal.reason;
}

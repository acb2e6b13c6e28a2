/** Containers for one piece of work: calls of one-shot tools and of interceptors. */
import { type CreateContainerOptions, removeContainer } from "../../../core/docker/containers.ts";
import type { Docker } from "../../../core/docker/docker.ts";
import { newContainer } from "./new_container.ts";
import { once } from "./once.ts";

/** Makes a container for the work. It is removed in any case, and at once when the signal is aborted. */
export async function withContainer<T>(
  docker: Docker,
  body: CreateContainerOptions,
  signal: AbortSignal,
  work: (id: string) => Promise<T>,
): Promise<T> {
  const id = await newContainer(docker, body, signal);
  const remove = once(() => removeContainer(docker, id, { force: true, volumes: true }).catch(() => {}));
  signal.addEventListener("abort", remove, { once: true });
  try {
    return await work(id);
  } finally {
    signal.removeEventListener("abort", remove);
    await remove();
  }
}

/**
 * Starting a container with binds below the workspace. Whoever can write there can put a link in the place of
 * what was checked before the Engine mounts it. So while the paths are checked and mounted, every sandbox that
 * runs, and what it has running, stands still.
 */
import {
  inspectContainer,
  pauseContainer,
  startContainer,
  stopContainer,
  unpauseContainer,
} from "../../../docker/containers.ts";
import type { Docker } from "../../../docker/docker.ts";
import type { ContainerInspect } from "../../../docker/types/container.ts";
import type { DockerAccess } from "../access.ts";
import type { OwnedThings } from "./owned.ts";
import { checkedSource } from "./paths.ts";
import { Refusal } from "./refusal.ts";

/** Host paths that the container binds, those taken over from other containers included. */
export function bindSources(container: ContainerInspect): string[] {
  const asked = (container.HostConfig.Mounts ?? []).filter((mount) => mount.Type === "bind");
  const made = (container.Mounts ?? []).filter((mount) => mount.Type === "bind");
  return [...new Set([...asked, ...made].map((mount) => mount.Source ?? ""))];
}

/**
 * Those below the workspace that somebody in a sandbox could replace by a link. The workspace itself cannot be:
 * it is a mount point there, and so are its protected parts.
 */
export function looseSources(
  container: ContainerInspect,
  { workspace, protected: parts = [] }: DockerAccess,
): string[] {
  const fixed = new Set([workspace, ...parts.map(({ path }) => path)]);
  return bindSources(container).filter((source) => !fixed.has(source));
}

/** Starts and unpauses under way, which a freeze waits for; and freezes, which they wait for. */
const going = new Set<Promise<unknown>>();
let freezes = 0;
let lastFreeze: Promise<unknown> = Promise.resolve();

/** Does what brings processes of a sandbox to life, at no time while one is being frozen. */
export async function whileNothingIsFrozen<T>(work: () => Promise<T>): Promise<T> {
  while (freezes > 0) await lastFreeze;
  const started = work();
  going.add(started);
  try {
    return await started;
  } finally {
    going.delete(started);
  }
}

/** One freeze at a time: two would let each other's processes go. */
async function alone(work: () => Promise<void>): Promise<void> {
  freezes++;
  const before = lastFreeze;
  const mine = before.then(() => Promise.allSettled(going)).then(work).finally(() => freezes--);
  lastFreeze = mine.catch(() => {});
  await mine;
}

/** Starts (or, with `restart`, stops and starts) an owned container. Throws `Refusal` or the Engine's error. */
export async function startSafely(
  owned: OwnedThings,
  container: ContainerInspect,
  access: DockerAccess,
  { restart = false, timeout }: { restart?: boolean; timeout?: number } = {},
): Promise<void> {
  const { docker } = owned;
  if (restart) await stopContainer(docker, container.Id, { timeout });
  const loose = looseSources(container, access);
  if (loose.length > 0) await alone(() => startFrozen(owned, container, loose, access.workspace));
  else await whileNothingIsFrozen(() => startContainer(docker, container.Id));
}

async function startFrozen(
  owned: OwnedThings,
  container: ContainerInspect,
  sources: string[],
  workspace: string | undefined,
): Promise<void> {
  const { docker } = owned;
  const frozen: string[] = [];
  try {
    for (const id of await owned.running()) {
      await pauseContainer(docker, id).then(
        () => frozen.push(id),
        (error) => stillHarmless(docker, id, error),
      );
    }
    for (const source of sources) await checkedSource(source, workspace);
    await startContainer(docker, container.Id);
  } finally {
    for (const id of frozen) await unpauseContainer(docker, id).catch(() => {});
  }
}

/** One that has ended or was paused by somebody else meanwhile needs no pause; any other failure ends the start. */
async function stillHarmless(docker: Docker, id: string, error: Error): Promise<void> {
  const now = await inspectContainer(docker, id).catch(() => undefined);
  if (!now || !now.State.Running || now.State.Paused) return;
  throw new Refusal(
    `a part of the workspace cannot be mounted safely, for containers cannot be paused here (${error.message}); mount the whole workspace`,
  );
}

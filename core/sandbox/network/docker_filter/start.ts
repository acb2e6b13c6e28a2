/**
 * Starting a container with binds below the workspace. Whoever can write there can put a link in the place of
 * what was checked before the Engine mounts it. So while the paths are checked and mounted, everything that the
 * sandbox has running stands still.
 */
import {
  pauseContainer,
  startContainer,
  stopContainer,
  unpauseContainer,
} from "../../../docker/containers.ts";
import type { ContainerInspect } from "../../../docker/types/container.ts";
import type { OwnedThings } from "./owned.ts";
import { checkedSource, inside } from "./paths.ts";
import { Refusal } from "./refusal.ts";

/** Host paths that the container binds, those taken over from other containers included. */
export function bindSources(container: ContainerInspect): string[] {
  const asked = (container.HostConfig.Mounts ?? []).filter((mount) => mount.Type === "bind");
  const made = (container.Mounts ?? []).filter((mount) => mount.Type === "bind");
  return [...new Set([...asked, ...made].map((mount) => mount.Source ?? ""))];
}

/** One at a time for a sandbox: two would let each other's processes go. */
const turns = new Map<string, Promise<unknown>>();

/** Starts (or, with `restart`, stops and starts) an owned container. Throws `Refusal` or the Engine's error. */
export async function startSafely(
  owned: OwnedThings,
  container: ContainerInspect,
  workspace: string | undefined,
  { restart = false, timeout }: { restart?: boolean; timeout?: number } = {},
): Promise<void> {
  const { docker } = owned;
  if (restart) await stopContainer(docker, container.Id, { timeout });
  const loose = bindSources(container).filter((source) => source !== workspace);
  if (loose.length === 0) {
    await startContainer(docker, container.Id);
    return;
  }
  const before = turns.get(owned.filter) ?? Promise.resolve();
  const turn = before.then(() => startFrozen(owned, container, loose, workspace));
  turns.set(owned.filter, turn.catch(() => {}));
  await turn;
}

async function startFrozen(
  owned: OwnedThings,
  container: ContainerInspect,
  sources: string[],
  workspace: string | undefined,
): Promise<void> {
  const { docker } = owned;
  const sandbox = await owned.sandboxContainer();
  const frozen: string[] = [];
  try {
    for (const id of [sandbox.Id, ...await owned.running()]) {
      await pauseContainer(docker, id).catch((error) => {
        throw new Refusal(
          `a part of the workspace cannot be mounted safely: this Engine does not pause containers (${error.message}); mount the whole workspace`,
        );
      });
      frozen.push(id);
    }
    for (const source of sources) {
      if (workspace && inside(source, workspace)) await checkedSource(source, workspace);
      else throw new Refusal(`the bind of "${source}" is not allowed`);
    }
    await startContainer(docker, container.Id);
  } finally {
    for (const id of frozen) await unpauseContainer(docker, id).catch(() => {});
  }
}

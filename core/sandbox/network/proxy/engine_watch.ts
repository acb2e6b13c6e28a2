/** Which sandboxes of an Engine run, from its events; what a removed one leaves behind is cleaned up. */
import { listContainers, removeContainer } from "../../../docker/containers.ts";
import { type Docker, openDocker } from "../../../docker/docker.ts";
import { events } from "../../../docker/events.ts";
import { listImages, removeImage } from "../../../docker/images.ts";
import { listNetworks, removeNetwork } from "../../../docker/networks.ts";
import { listVolumes, removeVolume } from "../../../docker/volumes.ts";
import { accessLabel, ownerLabel } from "../access.ts";

export interface EngineWatcher {
  /**
   * The whole picture, when the Engine has (again) been reached: ids to whether they run. What happens next is
   * told when the promise is settled.
   */
  known(states: Map<string, boolean>): Promise<void>;
  started(sandbox: string): void;
  stopped(sandbox: string): void;
  removed(sandbox: string): void;
  /** The Engine cannot be reached; nothing is known of its sandboxes. */
  lost(): void;
}

/** Pauses between attempts to reach an Engine that went away. */
const retryMs = [200, 500, 1000, 2000, 5000];

/** Watches until the signal aborts. */
export async function watchEngine(
  socket: string,
  watcher: EngineWatcher,
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 0; !signal.aborted;) {
    try {
      using docker = await openDocker({ host: `unix://${socket}`, signal });
      await watchOnce(docker, watcher, signal, () => failures = 0);
    } catch {
      // Reached again below.
    }
    if (signal.aborted) return;
    watcher.lost();
    await pause(retryMs[Math.min(failures++, retryMs.length - 1)], signal);
  }
}

async function watchOnce(
  docker: Docker,
  watcher: EngineWatcher,
  signal: AbortSignal,
  onOpen: () => void,
): Promise<void> {
  const opened = Promise.withResolvers<void>();
  const stream = events(docker, {
    filters: { type: ["container"], label: [accessLabel] },
    signal,
    onOpen: opened.resolve,
  });
  // The list is taken when the events are open already: nothing falls between them.
  const listed = opened.promise.then(async () => {
    const found = await listContainers(docker, { all: true, filters: { label: [accessLabel] }, signal });
    await watcher.known(new Map(found.map(({ Labels, State }) => [Labels[accessLabel], isRunning(State)])));
    onOpen();
  });
  listed.catch(() => {});
  for await (const { Action, Actor } of stream) {
    const sandbox = Actor.Attributes[accessLabel];
    if (!sandbox) continue;
    await listed;
    if (Action === "start") watcher.started(sandbox);
    if (Action === "die") watcher.stopped(sandbox);
    if (Action === "destroy") {
      watcher.removed(sandbox);
      await removeOwned(docker, sandbox).catch(() => {});
    }
  }
}

function isRunning(state: string): boolean {
  return state === "running" || state === "paused" || state === "restarting";
}

/** Removes what a sandbox made through its filtered Docker socket: nothing of it outlives the sandbox. */
export async function removeOwned(docker: Docker, sandbox: string): Promise<void> {
  const filters = { label: [`${ownerLabel}=${sandbox}`] };
  for (const { Id } of await listContainers(docker, { all: true, filters })) {
    await removeContainer(docker, Id, { force: true, volumes: true }).catch(() => {});
  }
  for (const { Id } of await listNetworks(docker, { filters })) {
    await removeNetwork(docker, Id).catch(() => {});
  }
  for (const { Name } of await listVolumes(docker, { filters })) {
    await removeVolume(docker, Name).catch(() => {});
  }
  for (const { Id, RepoTags } of await listImages(docker, { filters })) {
    // Not by force: what somebody else has begun to use stays.
    for (const name of RepoTags?.length ? RepoTags : [Id]) await removeImage(docker, name).catch(() => {});
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/**
 * Which gateway a container belongs to, and whether that one still lives: what a killed gateway left behind is
 * removed by the next one.
 */
import type { Docker } from "../../../core/docker/docker.ts";
import { listContainers, removeContainer } from "../../../core/docker/containers.ts";
import type { Paths } from "../../../core/paths/paths.ts";
import { processStart } from "../../../core/process/process_start.ts";
import { accessLabel } from "../../../core/sandbox/network/access.ts";
import { ownerLabel } from "./container_config.ts";

/** Names this process for as long as it lives: machine, process space, id and start. Empty where it cannot. */
export async function thisOwner(): Promise<string> {
  const place = await placeOfProcesses();
  const start = await processStart(Deno.pid);
  return [place, Deno.pid, start].join("/");
}

/**
 * Removes the containers of gateways of this machine that live no more, and the files of the ways out that they
 * had (`--block-network`). Gives how many there were.
 */
export async function removeOrphans(docker: Docker, paths: Paths, signal?: AbortSignal): Promise<number> {
  const place = await placeOfProcesses();
  if (place === "") return 0;
  const found = await listContainers(docker, { all: true, filters: { label: [ownerLabel] }, signal });
  const gone: typeof found = [];
  for (const one of found) {
    const owner = one.Labels[ownerLabel];
    if (owner.split("/", 1)[0] === place && !await ownerLives(owner)) gone.push(one);
  }
  await Promise.all(gone.map(async ({ Id, Labels }) => {
    await removeContainer(docker, Id, { force: true, volumes: true }).catch(() => {});
    if (!Labels[accessLabel]) return;
    const { removeAccess } = await import("../../../core/sandbox/network/prepare.ts");
    await removeAccess(paths, Labels[accessLabel]).catch(() => {});
  }));
  return gone.length;
}

/** For an owner of this machine. */
export async function ownerLives(owner: string): Promise<boolean> {
  const [, pid, start] = owner.split("/");
  return await processStart(Number(pid)) === start;
}

/** The running system and the space of process ids in it; empty where processes cannot be looked up. */
async function placeOfProcesses(): Promise<string> {
  if (Deno.build.os !== "linux") {
    return Deno.build.os === "windows" ? "" : Deno.hostname().replaceAll("/", "_");
  }
  try {
    const boot = (await Deno.readTextFile("/proc/sys/kernel/random/boot_id")).trim();
    return `${boot}:${/\d+/.exec(await Deno.readLink("/proc/self/ns/pid"))?.[0]}`;
  } catch {
    return "";
  }
}

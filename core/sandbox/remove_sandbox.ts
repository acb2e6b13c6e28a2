/** Takes a sandbox away: container, sockets, policy, and what was made in the workspace to protect it. */
import { removeContainer } from "../docker/containers.ts";
import { SkiffError } from "../errors/skiff_error.ts";
import { listSandboxes } from "./find.ts";
import { removeAccess } from "./network/prepare.ts";
import { unprotectWorkspace } from "./protection.ts";
import type { Sandbox } from "./sandbox.ts";
import type { World } from "./world.ts";

/** The volume of the agent's login stays. A sandbox that runs is ended. */
export async function removeSandbox(world: World, sandbox: Sandbox): Promise<void> {
  const { docker, paths } = world;
  try {
    // What shares its network goes first: Podman removes no container that another depends on.
    if (docker.isPodman && sandbox.settings.dockerSocket === "filtered") {
      const { removeOwned } = await import("./network/proxy/engine_watch.ts");
      await removeOwned(docker, sandbox.key);
    }
    await removeContainer(docker, sandbox.id, { force: true, volumes: true });
  } catch (error) {
    if (!(error instanceof SkiffError) || error.code !== "not_found") throw error; // someone else was first
  }
  await removeAccess(paths, sandbox.key);
  const others = await listSandboxes(docker, { workspace: sandbox.workspace });
  if (!others.some((other) => other.git !== "")) await unprotectWorkspace(sandbox.workspace, sandbox.git);
}

/**
 * The sandbox that a run means, running: found by its labels, brought back from whatever state it is in, or made.
 */
import { listContainers, removeContainer } from "../docker/containers.ts";
import { bringUp, enter } from "./bring_up.ts";
import { type Difference, differences } from "./drift.ts";
import { chooseSandbox, listSandboxes } from "./find.ts";
import { probeLabel } from "./labels.ts";
import { defaultName } from "./naming.ts";
import type { Sandbox } from "./sandbox.ts";
import { lastEntered, rememberEntered } from "./last_entered.ts";
import { underSandboxLock } from "./sandbox_lock.ts";
import type { SandboxRequest, World } from "./world.ts";

export interface OpenedSandbox {
  sandbox: Sandbox;
  /** Made by this call. */
  created: boolean;
  /** What was asked for and is otherwise in the sandbox that was found. */
  differences: Difference[];
}

/**
 * Finds or makes the sandbox and sees that it runs and that its way out is open. A sandbox that is whole and runs
 * costs one request; everything else happens under the workspace's lock.
 */
export async function openSandbox(world: World, request: SandboxRequest): Promise<OpenedSandbox> {
  const last = request.recreate || request.name !== undefined
    ? undefined
    : await lastEntered(world.paths, request);
  // While the Engine looks for the sandbox, the way out of the one that it most likely is is opened.
  const entering = last && enter(world, request, last).then(() => last.id, () => undefined);
  const found = await findRequested(world, request);
  if (found?.state === "running" && !request.recreate && !found.settings.clone) {
    if (await entering !== found.id) {
      await enter(world, request, found);
      if (request.name === undefined) await rememberEntered(world.paths, found);
    }
    return { sandbox: found, created: false, differences: differences(found.settings, request.given) };
  }
  return await underSandboxLock(world.paths, lockKey(request), () => openLocked(world, request));
}

const lockKey = ({ workspace, agent }: SandboxRequest) => ({ workspace: workspace.path, agent: agent.name });

async function findRequested(world: World, { agent, workspace, name }: SandboxRequest) {
  const all = await listSandboxes(world.docker, { workspace: workspace.path, agent: agent.name });
  return chooseSandbox(all, { name, defaultName: defaultName(agent.name, workspace.path) });
}

/** Nobody else makes or starts it now, so whatever is half made was left by somebody who died. */
async function openLocked(world: World, request: SandboxRequest): Promise<OpenedSandbox> {
  const found = await findRequested(world, request);
  const whole = found && !["created", "dead", "removing"].includes(found.state);
  if (found && whole && !request.recreate) {
    await bringUp(world, request, found);
    return { sandbox: found, created: false, differences: differences(found.settings, request.given) };
  }
  // Loaded here, for most runs enter a sandbox that is there.
  const [{ createSandbox }, { removeSandbox }] = await Promise.all([
    import("./create_sandbox.ts"),
    import("./remove_sandbox.ts"),
  ]);
  if (found) await removeSandbox(world, found);
  await removeLeftovers(world);
  return { sandbox: await createSandbox(world, request), created: true, differences: [] };
}

/** Containers that lived for a moment in a skiff that was killed. */
async function removeLeftovers({ docker }: World): Promise<void> {
  const minute = 60;
  const found = await listContainers(docker, { all: true, filters: { label: [probeLabel] } });
  for (const { Id, Created } of found) {
    if (Date.now() / 1000 - Created > minute) {
      await removeContainer(docker, Id, { force: true }).catch(() => {});
    }
  }
}

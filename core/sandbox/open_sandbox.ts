/**
 * The sandbox that a run means, running: found by its labels, brought back from whatever state it is in, or made.
 */
import { listContainers, removeContainer } from "../docker/containers.ts";
import { sameEngine } from "../docker/docker.ts";
import { bringUp, enter } from "./bring_up.ts";
import { type Difference, differences } from "./drift.ts";
import { chooseSandbox, listSandboxes } from "./find.ts";
import { probeLabel } from "./labels.ts";
import { defaultName } from "./naming.ts";
import type { Sandbox } from "./sandbox.ts";
import { rememberEntered } from "./last_entered.ts";
import type { PreparedRun } from "./prepared_run.ts";
import { underSandboxLock } from "./sandbox_lock.ts";
import type { SandboxRequest, World } from "./world.ts";

export interface OpenedSandbox {
  sandbox: Sandbox;
  /** Made by this call. */
  created: boolean;
  /** What was asked for and is otherwise in the sandbox that was found. */
  differences: Difference[];
  /** Whether the program that was started early is in it, and may go on. */
  early: boolean;
}

/**
 * Finds or makes the sandbox and sees that it runs and that its way out is open. A sandbox that is whole and runs
 * costs one request; everything else happens under the workspace's lock. `early`: a program that waits in the
 * sandbox that it most likely is.
 */
export async function openSandbox(
  world: World,
  request: SandboxRequest,
  early?: PreparedRun,
): Promise<OpenedSandbox> {
  // While the Engine looks for the sandbox, the likely one is entered.
  const entering = early && enter(world, request, early.sandbox).catch(() => undefined);
  const found = await findRequested(world, request);
  if (found?.state !== "running" || request.recreate || found.settings.clone) {
    return await underSandboxLock(world.paths, lockKey(request), () => openLocked(world, request));
  }
  const opened = { sandbox: found, created: false, differences: differences(found.settings, request.given) };
  const entered = await entering;
  if (
    early && isSame(early.sandbox, found) && sameEngine(early.docker, world.docker) && entered === "as it was"
  ) {
    return { ...opened, early: true };
  }
  await enter(world, request, found);
  if (request.name === undefined) await rememberEntered(world.paths, found, world.docker);
  return { ...opened, early: false };
}

const lockKey = ({ workspace, agent }: SandboxRequest) => ({ workspace: workspace.path, agent: agent.name });

async function findRequested({ docker }: World, { agent, workspace, name }: SandboxRequest) {
  const all = await listSandboxes(docker, { workspace: workspace.path, agent: agent.name });
  return chooseSandbox(all, { name, defaultName: defaultName(agent.name, workspace.path) });
}

/** Whether what was remembered is what the Engine says. */
function isSame(last: Sandbox, found: Sandbox): boolean {
  const fixed = ({ status: _, ...rest }: Sandbox) => JSON.stringify(rest);
  return fixed(last) === fixed(found);
}

/** Nobody else makes or starts it now, so whatever is half made was left by somebody who died. */
async function openLocked(world: World, request: SandboxRequest): Promise<OpenedSandbox> {
  const found = await findRequested(world, request);
  const whole = found && !["created", "dead", "removing"].includes(found.state);
  if (found && whole && !request.recreate) {
    await bringUp(world, request, found);
    return {
      sandbox: found,
      created: false,
      early: false,
      differences: differences(found.settings, request.given),
    };
  }
  // Loaded here, for most runs enter a sandbox that is there.
  const [{ createSandbox }, { removeSandbox }] = await Promise.all([
    import("./create_sandbox.ts"),
    import("./remove_sandbox.ts"),
  ]);
  if (found) await removeSandbox(world, found);
  await removeLeftovers(world);
  return { sandbox: await createSandbox(world, request), created: true, early: false, differences: [] };
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

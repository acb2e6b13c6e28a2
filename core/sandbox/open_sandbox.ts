/**
 * The sandbox that a run means, running: found by its labels, brought back from whatever state it is in, or made.
 */
import {
  listContainers,
  removeContainer,
  restartContainer,
  startContainer,
  unpauseContainer,
} from "../docker/containers.ts";
import { SkiffError } from "../errors/skiff_error.ts";
import { fillClone } from "./clone.ts";
import { hostSecrets, secretValues } from "./credentials.ts";
import { createSandbox } from "./create_sandbox.ts";
import { type Difference, differences } from "./drift.ts";
import { chooseSandbox, listSandboxes } from "./find.ts";
import { probeLabel } from "./labels.ts";
import { defaultName } from "./naming.ts";
import { openAccess } from "./network/prepare.ts";
import { removeSandbox } from "./remove_sandbox.ts";
import type { Sandbox } from "./sandbox.ts";
import { underSandboxLock } from "./sandbox_lock.ts";
import { protectedAtStart, recordStart, replacedSinceStart } from "./start_record.ts";
import { liveSessions } from "./session_record.ts";
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
  const found = await findRequested(world, request);
  if (found?.state === "running" && !request.recreate && !found.settings.clone) {
    await enter(world, request, found);
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
  if (found) await removeSandbox(world, found);
  await removeLeftovers(world);
  return { sandbox: await createSandbox(world, request), created: true, differences: [] };
}

async function bringUp(world: World, request: SandboxRequest, sandbox: Sandbox): Promise<void> {
  const { docker, paths } = world;
  if (sandbox.state === "paused") await unpauseContainer(docker, sandbox.id);
  await enter(world, request, sandbox);
  if (sandbox.state === "exited") {
    await recordStart(paths, sandbox.key, await protectedAtStart(paths, sandbox.key));
    await startContainer(docker, sandbox.id).catch((error) => {
      throw startFailed(sandbox, error);
    });
  }
  if (sandbox.settings.clone) await fillClone(docker, sandbox.id, sandbox);
}

/** Opens the way out, and mounts the protection again where the host has replaced what was protected. */
async function enter(world: World, request: SandboxRequest, sandbox: Sandbox): Promise<void> {
  const { settings, access } = sandbox;
  const model = settings.model === undefined ? undefined : request.openModel?.(settings.model);
  const proxied = isProxied(sandbox);
  const secrets = access.injection ? secretValues(await hostSecrets(request.agent, world.env)) : {};
  const opening = proxied
    ? openAccess(world.paths, sandbox.key, { secrets, onStart: world.say })
    : Promise.resolve();
  await Promise.all([
    opening,
    model,
    sandbox.state === "running" ? renewProtection(world, sandbox) : undefined,
  ]);
}

/** Whether something of the sandbox goes through the proxy (network/access.ts decides it when it is made). */
function isProxied({ settings, access }: Sandbox): boolean {
  return settings.network === "allow-list" || settings.dockerSocket === "filtered" ||
    access.model !== undefined || access.mcp !== undefined || access.injection !== undefined;
}

async function renewProtection(world: World, sandbox: Sandbox): Promise<void> {
  const replaced = await replacedSinceStart(world.paths, sandbox.key);
  if (replaced.length === 0) return;
  if ((await liveSessions(world.paths, sandbox.key)).length > 0) {
    world.say(
      `Since the sandbox was started, ${
        replaced[0]
      } was replaced on the host and can be written from inside. ` +
        "End the other sessions and run again to protect it.",
    );
    return;
  }
  world.say(`${replaced[0]} was replaced on the host: the sandbox is started anew to protect it.`);
  const all = await protectedAtStart(world.paths, sandbox.key);
  await restartContainer(world.docker, sandbox.id, { timeout: 2 });
  await recordStart(world.paths, sandbox.key, all);
}

function startFailed(sandbox: Sandbox, cause: unknown): unknown {
  if (!(cause instanceof SkiffError)) return cause;
  return new SkiffError(cause.code, `The sandbox ${sandbox.name} does not start: ${cause.message}`, {
    hint: "Something that it mounts may be gone. Add --recreate to make it anew.",
    cause,
  });
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

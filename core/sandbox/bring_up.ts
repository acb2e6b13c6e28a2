/** Brings a sandbox back from whatever state it is in, with its way out open. */
import { restartContainer, startContainer, unpauseContainer } from "../docker/containers.ts";
import { SkiffError } from "../errors/skiff_error.ts";
import { hostSecrets, secretValues } from "./credentials.ts";
import { openAccess } from "./network/prepare.ts";
import { isRepository } from "./protection.ts";
import type { Sandbox } from "./sandbox.ts";
import { underSandboxLock } from "./sandbox_lock.ts";
import { liveSessions } from "./session_record.ts";
import { protectedAtStart, recordStart, replacedSinceStart } from "./start_record.ts";
import type { SandboxRequest, World } from "./world.ts";

/** What is asked anew at each entry. */
export type Entry = Pick<SandboxRequest, "agent" | "openModel">;

/** Running, with its way out open: at once when it runs, else under its lock. */
export async function ensureUp(world: World, entry: Entry, sandbox: Sandbox): Promise<void> {
  if (sandbox.state === "running") return void await enter(world, entry, sandbox);
  await underSandboxLock(world.paths, sandbox, () => bringUp(world, entry, sandbox));
}

/** Runs it, whatever state it is in; to be called under its lock. Throws when it does not start. */
export async function bringUp(world: World, entry: Entry, sandbox: Sandbox): Promise<void> {
  const { docker, paths } = world;
  if (sandbox.state === "paused") await unpauseContainer(docker, sandbox.id);
  await enter(world, entry, sandbox);
  if (sandbox.state === "exited") {
    await recordStart(paths, sandbox.key, await protectedAtStart(paths, sandbox.key));
    await startContainer(docker, sandbox.id).catch((error) => {
      throw startFailed(sandbox, error);
    });
  }
  if (sandbox.settings.clone) {
    const { fillClone } = await import("./clone.ts");
    await fillClone(docker, sandbox.id, sandbox);
  }
}

/**
 * Opens the way out, and mounts the protection again where the host has replaced what was protected: the sandbox
 * is "restarted" then, and no program that was prepared for it can be started any more.
 */
export async function enter(
  world: World,
  entry: Entry,
  sandbox: Sandbox,
): Promise<"as it was" | "restarted"> {
  const { settings, access } = sandbox;
  const model = settings.model === undefined ? undefined : entry.openModel?.(settings.model);
  const proxied = isProxied(sandbox);
  const secrets = access.injection ? secretValues(await hostSecrets(entry.agent, world.env)) : {};
  const opening = proxied
    ? openAccess(world.paths, sandbox.key, { secrets, onStart: world.say })
    : Promise.resolve();
  const [restarted] = await Promise.all([
    sandbox.state === "running" && renewProtection(world, sandbox),
    opening,
    model,
  ]);
  return restarted ? "restarted" : "as it was";
}

/** Whether something of the sandbox goes through the proxy (network/access.ts decides it when it is made). */
function isProxied({ settings, access }: Sandbox): boolean {
  return settings.network === "allow-list" || settings.dockerSocket === "filtered" ||
    access.model !== undefined || access.mcp !== undefined || access.injection !== undefined;
}

/** Whether the sandbox was started anew. */
async function renewProtection(world: World, sandbox: Sandbox): Promise<boolean> {
  if (sandbox.git === "none" && await isRepository(sandbox.workspace)) {
    world.say(
      `${sandbox.workspace} has become a Git repository since its sandbox was made, which cannot write .git. ` +
        "Add --recreate to let the agent commit.",
    );
  }
  const replaced = await replacedSinceStart(world.paths, sandbox.key);
  if (replaced.length === 0) return false;
  if ((await liveSessions(world.paths, sandbox.key)).length > 0) {
    world.say(
      `Since the sandbox was started, ${
        replaced[0]
      } was replaced on the host and can be written from inside. ` +
        "End the other sessions and run again to protect it.",
    );
    return false;
  }
  world.say(`${replaced[0]} was replaced on the host: the sandbox is started anew to protect it.`);
  const all = await protectedAtStart(world.paths, sandbox.key);
  await restartContainer(world.docker, sandbox.id, { timeout: 2 });
  await recordStart(world.paths, sandbox.key, all);
  return true;
}

function startFailed(sandbox: Sandbox, cause: unknown): unknown {
  if (!(cause instanceof SkiffError)) return cause;
  return new SkiffError(cause.code, `The sandbox ${sandbox.name} does not start: ${cause.message}`, {
    hint: "Something that it mounts may be gone. Add --recreate to make it anew.",
    cause,
  });
}

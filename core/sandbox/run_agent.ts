/** Runs a program of a sandbox in the foreground, and brings back what an agent did in a clone. */
import type { Docker } from "../docker/docker.ts";
import { createExec, startDetachedExec } from "../docker/execs.ts";
import type { Paths } from "../paths/paths.ts";
import { entryCommand } from "./entry_script.ts";
import { type PreparedRun, prepareRun, type ProgramRun } from "./prepared_run.ts";
import type { Sandbox } from "./sandbox.ts";
import { runSession, sendSignal, type SessionEnd } from "./session.ts";
import { openSession, takeOrphans } from "./session_record.ts";
import type { World } from "./world.ts";

/** An agent to its end; its exit code. Throws what the Engine says. */
export async function runAgent(world: World, run: PreparedRun): Promise<number> {
  const code = await runPrepared(world, run);
  if (run.sandbox.settings.clone) await bringBack(world, run.sandbox);
  return code;
}

/** A program in a running sandbox, to its end; its exit code. */
export async function runIn(world: World, sandbox: Sandbox, program: ProgramRun): Promise<number> {
  return await runPrepared(world, prepareRun(world.docker, sandbox, program));
}

/** Runs it as a session of this process. Sessions whose skiff was killed are ended first. */
async function runPrepared(
  { paths, say }: World,
  { docker, sandbox, options, session }: PreparedRun,
): Promise<number> {
  const [record] = await Promise.all([
    openSession(paths, sandbox.key, options),
    endOrphans(paths, docker, sandbox),
  ]);
  let end: SessionEnd | undefined;
  try {
    end = await runSession(docker, options, session);
  } finally {
    await record.close(end?.detached ? "detach" : "end", end?.code);
  }
  if (end.detached) say(`Detached; the program runs on in the sandbox ${sandbox.name}.`);
  return end.code;
}

async function endOrphans(paths: Paths, docker: Docker, { id, key }: Sandbox): Promise<void> {
  for (const { session } of await takeOrphans(paths, key)) {
    await sendSignal(docker, { container: id, session }, "SIGKILL").catch(() => {}); // the sandbox was restarted
  }
}

/** Starts a program and leaves it alone. */
export async function runDetached(world: World, sandbox: Sandbox, program: ProgramRun): Promise<number> {
  const { docker } = world;
  const id = await createExec(docker, sandbox.id, {
    Cmd: entryCommand(program),
    Env: Object.entries(program.env).map((pair) => pair.join("=")),
    WorkingDir: program.workingDir ?? sandbox.workspace,
    User: program.user,
  });
  await startDetachedExec(docker, id);
  return 0;
}

/** Takes the work of a clone into its branch on the host, and says so. */
export async function bringBack(world: World, sandbox: Sandbox): Promise<void> {
  const { fetchChanges } = await import("./clone.ts");
  const changes = await fetchChanges(world.docker, sandbox);
  if (!changes) return world.say("The sandbox has no new changes.");
  world.say(`The changes are in the branch ${changes.branch} (${changes.commit.slice(0, 12)}):`);
  world.say(`  git log -p HEAD..${changes.branch}`);
  world.say(`  git merge ${changes.branch}`);
}

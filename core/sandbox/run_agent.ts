/** Runs the agent of a sandbox in the foreground, and brings back what it did in a clone. */
import type { Agent } from "./agents/agent.ts";
import { createExec, startDetachedExec } from "../docker/execs.ts";
import { entryCommand, missingBinaryMessage } from "./entry_script.ts";
import { terminalEnvironment } from "./raw_terminal.ts";
import type { Sandbox } from "./sandbox.ts";
import { runSession, sendSignal } from "./session.ts";
import { agentContext, agentEnvironment } from "./session_context.ts";
import { openSession, takeOrphans } from "./session_record.ts";
import type { World } from "./world.ts";

export interface AgentRun {
  agent: Agent;
  args: string[];
  /** Input and output are a terminal. */
  terminal: boolean;
  stdinIsTerminal: boolean;
  detachKeys?: string;
}

/** The agent's exit code. Throws what the Engine says. */
export async function runAgent(world: World, sandbox: Sandbox, run: AgentRun): Promise<number> {
  const context = agentContext(sandbox, run.terminal);
  const command = run.agent.command(context, run.args);
  const env = {
    ...(run.terminal ? terminalEnvironment(world.env) : {}),
    ...agentEnvironment(run.agent, context),
  };
  const missing = command[0] === run.agent.binary ? missingBinaryMessage(run.agent.binary) : undefined;
  const code = await runIn(world, sandbox, {
    command,
    env,
    tty: run.terminal,
    // A terminal that is not handed on would keep an agent waiting that reads its input to the end.
    stdin: run.terminal || !run.stdinIsTerminal,
    detachKeys: run.detachKeys,
    missing,
  });
  if (sandbox.settings.clone) await bringBack(world, sandbox);
  return code;
}

export interface ProgramRun {
  command: string[];
  env: Record<string, string>;
  tty: boolean;
  stdin: boolean;
  workingDir?: string;
  user?: string;
  privileged?: boolean;
  detachKeys?: string;
  missing?: string;
}

/** A program in a running sandbox, as a session of this process. Ends sessions whose skiff was killed. */
export async function runIn(world: World, sandbox: Sandbox, program: ProgramRun): Promise<number> {
  const session = crypto.randomUUID();
  const opening = Promise.all([
    openSession(world.paths, sandbox.key, { session, command: program.command }),
    endOrphans(world, sandbox),
  ]);
  opening.catch(() => {}); // awaited below, and by the session before it starts the program
  let end: { code: number; detached: boolean } | undefined;
  try {
    end = await runSession(world.docker, {
      ...program,
      container: sandbox.id,
      workingDir: program.workingDir ?? sandbox.workspace,
      session,
      ready: opening,
    });
  } finally {
    const [handle] = await opening;
    await handle.close(end?.detached ? "detach" : "end", end?.code);
  }
  if (end.detached) world.say(`Detached; the program runs on in the sandbox ${sandbox.name}.`);
  return end.code;
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

async function endOrphans({ docker, paths }: World, { id, key }: Sandbox): Promise<void> {
  for (const { session } of await takeOrphans(paths, key)) {
    await sendSignal(docker, { container: id, session }, "SIGKILL").catch(() => {}); // the sandbox was restarted
  }
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

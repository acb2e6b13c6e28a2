/**
 * The start of a run that most likely enters the sandbox of last time: its program is brought to its gate before
 * anything is asked, and before the code is loaded that makes sure of the guess (open_sandbox.ts). The Engine takes
 * 40 ms to start it, in which all the rest is done.
 */
import { assumeDocker } from "../docker/docker.ts";
import type { Paths } from "../paths/paths.ts";
import { agentProgram, type AgentRun } from "./agent_program.ts";
import { lastEntered } from "./last_entered.ts";
import { type PreparedRun, prepareRun } from "./prepared_run.ts";

/** Resolves when the Engine has been told; undefined where there is nothing to guess from. Never throws. */
export async function startEarly(
  paths: Paths,
  workspace: string,
  run: AgentRun,
): Promise<PreparedRun | undefined> {
  try {
    const entered = lastEntered(paths, Deno.realPathSync(workspace), run.agent.name);
    const docker = entered && await assumeDocker(entered.engine, { env: run.env });
    if (!docker) return undefined;
    const prepared = prepareRun(docker, entered.sandbox, agentProgram(entered.sandbox, run));
    await prepared.session;
    return prepared;
  } catch {
    return undefined; // what is wrong is said by who looks closely
  }
}

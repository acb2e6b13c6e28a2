/** The sandbox of a folder, found or made, and what is to run in it: `sandbox run` behind its command line. */
import type { Context, Invocation } from "../../core/cli/command.ts";
import { programName } from "../../core/process/called_as.ts";
import { agentProgram, type AgentRun } from "../../core/sandbox/agent_program.ts";
import { explainDifferences } from "../../core/sandbox/drift.ts";
import { type OpenedSandbox, openSandbox } from "../../core/sandbox/open_sandbox.ts";
import { dropRun, type PreparedRun, prepareRun } from "../../core/sandbox/prepared_run.ts";
import { runAgent } from "../../core/sandbox/run_agent.ts";
import { shortId } from "../../core/sandbox/sandbox.ts";
import type { SandboxSettings } from "../../core/sandbox/settings.ts";
import { findWorkspace } from "../../core/sandbox/workspace.ts";
import { engineSocket, type SandboxRequest, type World } from "../../core/sandbox/world.ts";
import { dockerCaution } from "./caution.ts";
import { openWorld } from "./engine.ts";
import { wholeSettings } from "./run_flags.ts";

export interface SandboxEntry {
  run: AgentRun;
  given: Partial<SandboxSettings>;
  /** As it was given. */
  workspace: string;
  /** Do not run the agent. */
  detached: boolean;
  /** The agent, waiting in the sandbox that is likely the right one. */
  early?: PreparedRun;
}

/** The agent's exit code. What waits at its gate ends with this process, if not before. */
export async function enterSandbox(invocation: Invocation, entry: SandboxEntry): Promise<number> {
  const { context, flags } = invocation;
  const { run, early, detached } = entry;
  const world = await openWorld(context, { quiet: flags.quiet === true });
  const opened = await openRequested(world, invocation, entry);
  if (early && !opened.early) await dropRun(early);
  const { sandbox } = opened;
  if (opened.differences.length > 0) {
    await context.err(explainDifferences(sandbox.name, programName(), opened.differences));
  }
  if (detached) {
    await context.out(`${shortId(sandbox.id)}\n`);
    return 0;
  }
  if (opened.created) world.say(`Created the sandbox ${sandbox.name} (${shortId(sandbox.id)})`);
  if (early && opened.early) return await runAgent(world, early);
  return await runAgent(world, prepareRun(world.docker, sandbox, agentProgram(sandbox, run)));
}

async function openRequested(
  world: World,
  { context, flags }: Invocation,
  { run, given, workspace, early }: SandboxEntry,
): Promise<OpenedSandbox> {
  const settings = wholeSettings(given);
  const request: SandboxRequest = {
    agent: run.agent,
    workspace: await findWorkspace(workspace, limitsOf(world, context)),
    name: flags.name as string | undefined,
    settings,
    given,
    recreate: flags.recreate === true,
    pull: (flags.pull ?? flags["pull-template"] ?? "missing") as SandboxRequest["pull"],
    openModel: async (name) => await (await import("./local_model.ts")).openModel(context, name),
    openMcp: async (where) => await (await import("./mcp_gateway.ts")).openMcp(context, where),
  };
  if (settings.dockerSocket !== "none") world.say(dockerCaution(settings.dockerSocket));
  const closeProgress = showProgress(world, context, flags.quiet === true);
  return await openSandbox(world, request, early).finally(closeProgress);
}

/** Nobody's workspace: the home, the Engine's socket, skiff's own folders. */
function limitsOf(world: World, context: Context) {
  const socket = engineSocket(world.docker);
  const { config, state, runtime } = world.paths;
  const guarded = [config, state, runtime, ...(socket ? [socket] : []), "/var/run/docker.sock"];
  return { home: context.env.get("HOME") ?? "", guarded };
}

/** Pulls and builds show their progress; loaded only when there is one to show. */
function showProgress(world: World, context: Context, quiet: boolean): () => void {
  if (quiet) return () => {};
  let view: import("../../core/progress/mod.ts").ProgressView | undefined;
  let loading: Promise<typeof import("../../core/progress/mod.ts")> | undefined;
  world.progress = (message) => {
    loading ??= import("../../core/progress/mod.ts");
    void loading.then(({ showProgress }) => {
      view ??= showProgress({ terminal: context.stderrIsTerminal });
      view.show(message);
    });
  };
  return () => view?.close();
}

/** `skiff sandbox run [flags] AGENT [WORKSPACE] [agent's arguments…]`, and `create`, which does not enter. */
import type { Command, Context, Invocation } from "../../core/cli/command.ts";
import { programName } from "../../core/process/called_as.ts";
import { findAgent } from "../../core/sandbox/agents/mod.ts";
import { explainDifferences } from "../../core/sandbox/drift.ts";
import { openSandbox } from "../../core/sandbox/open_sandbox.ts";
import { runAgent } from "../../core/sandbox/run_agent.ts";
import { shortId } from "../../core/sandbox/sandbox.ts";
import { findWorkspace } from "../../core/sandbox/workspace.ts";
import { engineSocket, type SandboxRequest, type World } from "../../core/sandbox/world.ts";
import { openWorld } from "./engine.ts";
import { dockerCaution } from "./caution.ts";
import { givenSettings, settingFlags, wholeSettings } from "./run_flags.ts";

export const runCommand: Command = {
  name: "run",
  summary: "Run an agent in the sandbox of a folder",
  description:
    "Runs an agent in the sandbox of the current folder: made at the first run, entered again at later ones.\n" +
    "Agents: claude, codex, gemini, opencode, shell. What stands after the agent's name is the agent's own;\n" +
    "a path of a folder that stands first there is the workspace.",
  args: [
    { name: "AGENT", required: true, summary: "claude, codex, gemini, opencode or shell" },
    { name: "ARGS", variadic: true, summary: "Of the agent" },
  ],
  passThrough: true,
  flags: [
    ...settingFlags,
    { name: "detached", short: "d", summary: "Make and start the sandbox, do not run the agent" },
    { name: "detach", summary: "Same as --detached", hidden: true },
    {
      name: "detach-keys",
      summary: "Keys that leave the agent running (default ctrl-p,ctrl-q)",
      value: "KEYS",
    },
  ],
  examples: [
    "skiff sandbox run claude",
    'skiff sandbox run codex exec "run the tests"',
    'skiff sandbox run --model smollm2 codex exec "list the files here"',
    "skiff sandbox run -e NODE_ENV=development -v ~/datasets:/data:ro claude",
  ],
  async run(invocation) {
    const { flags } = invocation;
    const detached = flags.detached === true || flags.detach === true;
    return await enterSandbox(invocation, { detached });
  },
};

export const createCommand: Command = {
  ...runCommand,
  name: "create",
  summary: "Make the sandbox of a folder without entering it",
  description:
    "Makes and starts the sandbox of a folder, and prints its id. `run` with the same agent enters it.",
  flags: settingFlags,
  examples: ["skiff sandbox create claude ~/project"],
  run: (invocation) => enterSandbox(invocation, { detached: true }),
};

async function enterSandbox(invocation: Invocation, { detached }: { detached: boolean }): Promise<number> {
  const { context, flags, args } = invocation;
  const quiet = flags.quiet === true;
  context.debug ||= flags.debug === true;
  const agent = findAgent(String(args.AGENT));
  const given = await givenSettings(invocation);
  const { workspace: folder, rest } = await splitArguments(
    (args.ARGS ?? []) as string[],
    flags.workspace as string | undefined,
  );
  const world = await openWorld(context, { quiet });
  const workspace = await findWorkspace(folder, limitsOf(world, context));
  const settings = wholeSettings(given);
  const request: SandboxRequest = {
    agent,
    workspace,
    name: flags.name as string | undefined,
    settings,
    given,
    recreate: flags.recreate === true,
    pull: (flags.pull ?? flags["pull-template"] ?? "missing") as SandboxRequest["pull"],
    openModel: async (name) => await (await import("./local_model.ts")).openModel(context, name),
    openMcp: async (where) => await (await import("./mcp_gateway.ts")).openMcp(context, where),
  };
  if (settings.dockerSocket !== "none") world.say(dockerCaution(settings.dockerSocket));
  const closeProgress = showProgress(world, context, quiet);
  const opened = await openSandbox(world, request).finally(closeProgress);
  if (opened.differences.length > 0) {
    await context.err(explainDifferences(opened.sandbox.name, programName(), opened.differences));
  }
  if (detached) {
    await context.out(`${shortId(opened.sandbox.id)}\n`);
    return 0;
  }
  if (opened.created) world.say(`Created the sandbox ${opened.sandbox.name} (${shortId(opened.sandbox.id)})`);
  return await runAgent(world, opened.sandbox, {
    agent,
    args: rest,
    terminal: context.stdinIsTerminal && context.stdoutIsTerminal,
    stdinIsTerminal: context.stdinIsTerminal,
    detachKeys: flags["detach-keys"] as string | undefined,
  });
}

/** Folder and agent's arguments: `AGENT ~/project -- -p x`, `AGENT . exec`, `AGENT -- --help`. */
async function splitArguments(
  words: string[],
  flag: string | undefined,
): Promise<{ workspace: string; rest: string[] }> {
  let rest = words;
  let workspace = flag;
  if (workspace === undefined && rest.length > 0 && await isFolder(rest[0])) {
    [workspace, ...rest] = rest;
  }
  if (rest[0] === "--") rest = rest.slice(1);
  return { workspace: workspace ?? ".", rest };
}

/** Words that look like a path and are a folder. A prompt is neither. */
async function isFolder(word: string): Promise<boolean> {
  if (!/^(\.{1,2}(\/|$)|\/)/.test(word)) return false;
  return await Deno.stat(word).then((info) => info.isDirectory, () => false);
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

/** `skiff sandbox run [flags] AGENT [WORKSPACE] [agent's arguments…]`, and `create`, which does not enter. */
import type { Command, Invocation } from "../../core/cli/command.ts";
import { skiffPaths } from "../../core/paths/paths.ts";
import type { AgentRun } from "../../core/sandbox/agent_program.ts";
import { findAgent } from "../../core/sandbox/agents/mod.ts";
import { startEarly } from "../../core/sandbox/early_run.ts";
import { givenSettings, settingFlags } from "./run_flags.ts";

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
    return await runSandbox(invocation, { detached });
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
  run: (invocation) => runSandbox(invocation, { detached: true }),
};

/** What is likely to be right is started first (early_run.ts); the rest of the code is loaded meanwhile. */
async function runSandbox(invocation: Invocation, { detached }: { detached: boolean }): Promise<number> {
  const { context, flags, args } = invocation;
  context.debug ||= flags.debug === true;
  const agent = findAgent(String(args.AGENT));
  const given = await givenSettings(invocation);
  const { workspace, rest } = await splitArguments(
    (args.ARGS ?? []) as string[],
    flags.workspace as string | undefined,
  );
  const run: AgentRun = {
    agent,
    args: rest,
    terminal: context.stdinIsTerminal && context.stdoutIsTerminal,
    stdinIsTerminal: context.stdinIsTerminal,
    detachKeys: flags["detach-keys"] as string | undefined,
    env: context.env,
  };
  const known = !detached && flags.recreate !== true && flags.name === undefined;
  const early = known ? await startEarly(skiffPaths(context.env), workspace, run) : undefined;
  const { enterSandbox } = await import("./enter.ts");
  return await enterSandbox(invocation, { run, given, workspace, detached, early });
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

/** `skiff sandbox exec [flags] SANDBOX COMMAND…`. */
import type { Command } from "../../core/cli/command.ts";
import { findAgent } from "../../core/sandbox/agents/mod.ts";
import { ensureUp } from "../../core/sandbox/bring_up.ts";
import { readEnvironment } from "../../core/sandbox/env_flag.ts";
import { listSandboxes, resolveSandbox } from "../../core/sandbox/find.ts";
import { terminalEnvironment } from "../../core/sandbox/raw_terminal.ts";
import { runDetached, runIn } from "../../core/sandbox/run_agent.ts";
import { openWorld } from "./engine.ts";
import { sandboxNames } from "./names.ts";
import { readEnvFiles } from "./run_flags.ts";

export const execCommand: Command = {
  name: "exec",
  summary: "Run a program in a sandbox",
  description:
    "Runs a program in a sandbox, as the agent's user and in the workspace. A stopped one is started.",
  args: [
    { name: "SANDBOX", required: true, complete: sandboxNames },
    { name: "COMMAND", required: true, variadic: true },
  ],
  passThrough: true,
  flags: [
    { name: "interactive", short: "i", summary: "Pass standard input on" },
    { name: "tty", short: "t", summary: "Give it a terminal" },
    { name: "detach", short: "d", summary: "Leave it running in the background" },
    { name: "env", short: "e", summary: "Set a variable", value: "ENV", repeatable: true },
    { name: "env-file", summary: "Read variables from a file", value: "FILE", repeatable: true },
    { name: "user", short: "u", summary: "User (name, uid or uid:gid)", value: "USER" },
    { name: "workdir", short: "w", summary: "Folder to start in (default: the workspace)", value: "DIR" },
    { name: "detach-keys", summary: "Keys that leave it running", value: "KEYS" },
  ],
  examples: ["skiff sandbox exec -it claude-project bash", "skiff sandbox exec claude-project npm test"],
  async run({ context, args, flags }) {
    const world = await openWorld(context);
    const sandbox = resolveSandbox(await listSandboxes(world.docker), String(args.SANDBOX));
    const files = await readEnvFiles((flags["env-file"] ?? []) as string[]);
    const given = readEnvironment((flags.env ?? []) as string[], files, context.env);
    await ensureUp(world, {
      agent: findAgent(sandbox.agent),
      openModel: async (name) => await (await import("./local_model.ts")).openModel(context, name),
    }, sandbox);
    let command = args.COMMAND as string[];
    if (command[0] === "--") command = command.slice(1);
    const tty = flags.tty === true && context.stdoutIsTerminal && context.stdinIsTerminal;
    const program = {
      command,
      env: { ...(flags.tty ? terminalEnvironment(context.env) : {}), ...given },
      tty,
      stdin: flags.interactive === true,
      user: flags.user as string | undefined,
      workingDir: flags.workdir as string | undefined,
      detachKeys: flags["detach-keys"] as string | undefined,
    };
    if (flags.detach) return await runDetached(world, sandbox, program);
    return await runIn(world, sandbox, program);
  },
};

/** `skiff sandbox rm SANDBOX…`. */
import type { Command } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { removeSandbox } from "../../core/sandbox/remove_sandbox.ts";
import { underSandboxLock } from "../../core/sandbox/sandbox_lock.ts";
import { liveSessions } from "../../core/sandbox/session_record.ts";
import { eachSandbox } from "./each_sandbox.ts";
import { openWorld } from "./engine.ts";
import { sandboxNames } from "./names.ts";

export const rmCommand: Command = {
  name: "rm",
  summary: "Remove sandboxes",
  description:
    "Removes sandboxes with all that was installed in them. The workspaces and the agents' logins stay.\n" +
    "A sandbox in which an agent works right now is removed only with --force.",
  args: [{ name: "SANDBOX", required: true, variadic: true, complete: sandboxNames }],
  flags: [{ name: "force", short: "f", summary: "Also those in which an agent works right now" }],
  examples: ["skiff sandbox rm claude-project", "skiff sandbox rm $(skiff sandbox ls -q)"],
  async run({ context, args, flags }) {
    const world = await openWorld(context);
    return await eachSandbox({ world, context, words: args.SANDBOX as string[] }, async (sandbox) => {
      const busy = await liveSessions(world.paths, sandbox.key);
      if (busy.length > 0 && sandbox.state === "running" && !flags.force) {
        throw new SkiffError("conflict", `The sandbox ${sandbox.name} is in use by process ${busy[0].pid}`, {
          hint: "End the agent first, or add --force.",
        });
      }
      await underSandboxLock(world.paths, sandbox, () => removeSandbox(world, sandbox));
    });
  },
};

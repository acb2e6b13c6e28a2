/** `skiff sandbox start SANDBOX…`. */
import type { Command } from "../../core/cli/command.ts";
import { findAgent } from "../../core/sandbox/agents/mod.ts";
import { bringUp } from "../../core/sandbox/bring_up.ts";
import { underSandboxLock } from "../../core/sandbox/sandbox_lock.ts";
import { eachSandbox } from "./each_sandbox.ts";
import { openWorld } from "./engine.ts";
import { sandboxNames } from "./names.ts";

export const startCommand: Command = {
  name: "start",
  summary: "Start sandboxes that were stopped",
  args: [{ name: "SANDBOX", required: true, variadic: true, complete: sandboxNames }],
  async run({ context, args }) {
    const world = await openWorld(context);
    return await eachSandbox({ world, context, words: args.SANDBOX as string[] }, async (sandbox) => {
      const entry = {
        agent: findAgent(sandbox.agent),
        openModel: async (name: string) => await (await import("./local_model.ts")).openModel(context, name),
      };
      await underSandboxLock(world.paths, sandbox, () => bringUp(world, entry, sandbox));
    });
  },
};

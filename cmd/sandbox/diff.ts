/** `skiff sandbox diff SANDBOX`: files of the sandbox that differ from its template; for a clone, its branch too. */
import type { Command } from "../../core/cli/command.ts";
import { containerChanges } from "../../core/docker/containers.ts";
import { listSandboxes, resolveSandbox } from "../../core/sandbox/find.ts";
import { openWorld } from "./engine.ts";
import { sandboxNames } from "./names.ts";

const kinds = ["C", "A", "D"] as const;

export const diffCommand: Command = {
  name: "diff",
  summary: "Show what differs from the template",
  description:
    "Shows the files outside of the workspace that were changed (C), added (A) or deleted (D) since the template.\n" +
    "The work of a sandbox with --clone is brought into its branch first.",
  args: [{ name: "SANDBOX", required: true, complete: sandboxNames }],
  async run({ context, args }) {
    const world = await openWorld(context);
    const sandbox = resolveSandbox(await listSandboxes(world.docker), String(args.SANDBOX));
    if (sandbox.settings.clone && sandbox.state === "running") {
      const { bringBack } = await import("../../core/sandbox/run_agent.ts");
      await bringBack(world, sandbox);
    }
    const changes = await containerChanges(world.docker, sandbox.id);
    await context.out(changes.map(({ Kind, Path }) => `${kinds[Kind]} ${Path}\n`).join(""));
  },
};

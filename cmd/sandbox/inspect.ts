/** `skiff sandbox inspect SANDBOX…`: a JSON array, with an honest report of the boundary. */
import type { Command } from "../../core/cli/command.ts";
import { listSandboxes, resolveSandboxes } from "../../core/sandbox/find.ts";
import { describeSandbox } from "../../core/sandbox/report.ts";
import { openWorld } from "./engine.ts";
import { sandboxNames } from "./names.ts";

export const inspectCommand: Command = {
  name: "inspect",
  summary: "Show all about sandboxes as JSON",
  args: [{ name: "SANDBOX", required: true, variadic: true, complete: sandboxNames }],
  async run({ context, args }) {
    const world = await openWorld(context);
    const found = resolveSandboxes(await listSandboxes(world.docker), args.SANDBOX as string[]);
    const reports = await Promise.all(found.map((sandbox) => describeSandbox(world, sandbox)));
    await context.out(`${JSON.stringify(reports, null, 2)}\n`);
  },
};

/** `skiff sandbox prune`: removes sandboxes that do not run. */
import type { Command, Context } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { listSandboxes } from "../../core/sandbox/find.ts";
import { parsePruneFilters, prunable } from "../../core/sandbox/prune.ts";
import { removeSandbox } from "../../core/sandbox/remove_sandbox.ts";
import { underSandboxLock } from "../../core/sandbox/sandbox_lock.ts";
import { openWorld } from "./engine.ts";

export const pruneCommand: Command = {
  name: "prune",
  summary: "Remove the sandboxes that do not run",
  description:
    "Removes the sandboxes that do not run, or whose workspace is gone. Workspaces and logins stay.",
  flags: [
    { name: "dry-run", summary: "Only print what would be removed" },
    {
      name: "filter",
      summary: "Only those made before: until=168h, until=2026-01-31",
      value: "FILTER",
      repeatable: true,
    },
    { name: "force", short: "f", summary: "Do not ask" },
  ],
  async run({ context, flags }) {
    const world = await openWorld(context);
    const limits = parsePruneFilters((flags.filter ?? []) as string[], Date.now());
    const found = await prunable(await listSandboxes(world.docker), limits);
    if (flags["dry-run"]) {
      return await context.out(found.map(({ name }) => `Would remove ${name}\n`).join(""));
    }
    if (found.length > 0 && !flags.force) await confirm(context, found.length);
    for (const sandbox of found) {
      await underSandboxLock(world.paths, sandbox, () => removeSandbox(world, sandbox));
      await context.out(`Removed ${sandbox.name}\n`);
    }
    if (found.length === 0) await context.out("There is nothing to remove.\n");
  },
};

async function confirm(context: Context, count: number): Promise<void> {
  const what = count === 1 ? "one sandbox" : `${count} sandboxes`;
  if (!context.stdinIsTerminal) {
    throw new SkiffError("usage", `This would remove ${what}, and there is nobody to ask`, {
      hint: "Add --force, or --dry-run to see which.",
    });
  }
  await context.err(`Remove ${what} that do not run? [y/N] `);
  const buffer = new Uint8Array(64);
  const length = await Deno.stdin.read(buffer) ?? 0;
  if (!/^y(es)?$/i.test(new TextDecoder().decode(buffer.subarray(0, length)).trim())) {
    throw new SkiffError("interrupted", "Nothing was removed");
  }
}

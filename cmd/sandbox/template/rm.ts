/** `skiff sandbox template rm NAME…`. */
import type { Command } from "../../../core/cli/command.ts";
import { removeTemplate } from "../../../core/sandbox/template/templates.ts";
import { openWorld } from "../engine.ts";

export const rmCommand: Command = {
  name: "rm",
  summary: "Remove templates",
  args: [{ name: "NAME", required: true, variadic: true }],
  flags: [{ name: "force", short: "f", summary: "Also when sandboxes were made of it" }],
  async run({ context, args, flags }) {
    const { docker } = await openWorld(context);
    for (const name of args.NAME as string[]) {
      await removeTemplate(docker, name, { force: flags.force === true });
      await context.out(`Removed ${name}\n`);
    }
  },
};

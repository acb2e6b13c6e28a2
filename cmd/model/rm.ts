/** `skiff model rm`. */
import type { Command } from "../../core/cli/command.ts";
import { connectServer } from "./connection.ts";

export const rmCommand: Command = {
  name: "rm",
  summary: "Remove models",
  args: [{ name: "MODEL", required: true, variadic: true }],
  flags: [{ name: "force", short: "f", summary: "Remove it even when it has several names" }],
  async run({ context, args, flags }) {
    const client = await connectServer(context);
    for (const name of args.MODEL as string[]) {
      for (const action of await client.remove(name, { force: flags.force === true })) {
        if (action.Untagged) await context.out(`Untagged: ${action.Untagged}\n`);
        if (action.Deleted) await context.out(`Deleted: ${action.Deleted}\n`);
      }
    }
  },
};

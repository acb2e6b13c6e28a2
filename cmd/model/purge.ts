/** `skiff model purge`. */
import type { Command } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { connectServer } from "./connection.ts";

export const purgeCommand: Command = {
  name: "purge",
  summary: "Remove every model",
  flags: [{ name: "force", short: "f", summary: "Don't ask" }],
  async run({ context, flags }) {
    if (!flags.force) {
      if (!context.stdinIsTerminal) {
        throw new SkiffError("usage", "Removing every model needs a yes", { hint: "Give --force." });
      }
      if (!/^y(es)?$/i.test(prompt("This removes every model. Go on? [y/N]") ?? "")) return;
    }
    const client = await connectServer(context);
    await client.unload({ all: true });
    await client.purge();
  },
};

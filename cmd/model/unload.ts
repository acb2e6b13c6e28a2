/** `skiff model unload MODEL…`; `skiff model stop` is the same, and without names stops the server. */
import type { Command } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { findServer } from "./connection.ts";

export const unloadCommand: Command = {
  name: "unload",
  aliases: ["stop"],
  summary: "Take models out of memory",
  args: [{ name: "MODEL", variadic: true }],
  flags: [
    { name: "all", summary: "All that are loaded" },
    { name: "backend", summary: "Only those of this engine", value: "ENGINE" },
  ],
  async run({ context, args, flags }) {
    const models = (args.MODEL ?? []) as string[];
    if (flags.all && models.length > 0) {
      throw new SkiffError("usage", "--all takes no model names", { hint: "Give names, or --all alone." });
    }
    if (!flags.all && models.length === 0) {
      throw new SkiffError("usage", "Which models should be unloaded?", {
        hint: "Name them, or give --all. `skiff stop` ends the server.",
      });
    }
    const client = await findServer(context);
    const unloaded =
      await client?.unload({ all: flags.all === true, models, backend: flags.backend as string }) ?? 0;
    if (unloaded > 0) await context.out(`Unloaded ${unloaded} model(s).\n`);
    else await context.out(flags.all ? "No models are running.\n" : "No such model(s) running.\n");
  },
};

/** `skiff model package`: a model out of files that are here. */
import type { Command } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { resolve } from "node:path";
import { connectServer } from "./connection.ts";

export const packageCommand: Command = {
  name: "package",
  summary: "Make a model from a GGUF file",
  description:
    "Copies a GGUF file (of split weights: the first one; the others are found) into the store under a name.",
  args: [{ name: "MODEL", required: true }],
  flags: [{ name: "gguf", summary: "The file", value: "PATH" }],
  examples: ["skiff model package --gguf ./model.gguf myorg/mine:Q4_K_M"],
  async run({ context, args, flags }) {
    if (!flags.gguf) {
      throw new SkiffError("usage", "What should be packaged?", { hint: "Give --gguf PATH." });
    }
    const client = await connectServer(context);
    const name = String(args.MODEL);
    await client.create(resolve(String(flags.gguf)), { tag: name, copy: true, signal: context.signal });
    await context.out(`Packaged ${flags.gguf} as ${name}\n`);
  },
};

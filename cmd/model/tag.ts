/** `skiff model tag`. */
import type { Command } from "../../core/cli/command.ts";
import { connectServer } from "./connection.ts";

export const tagCommand: Command = {
  name: "tag",
  summary: "Give a model another name",
  args: [{ name: "SOURCE", required: true }, { name: "TARGET", required: true }],
  examples: ["skiff model tag ai/smollm2 myorg/smollm2"],
  async run({ context, args }) {
    const client = await connectServer(context);
    const source = String(args.SOURCE);
    const target = String(args.TARGET);
    await client.tag(source, target);
    await context.out(`Model "${source}" tagged successfully with "${target}"\n`);
  },
};

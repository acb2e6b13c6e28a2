/** `skiff model requests`: what was asked and answered lately. */
import type { Command } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { connectServer } from "./connection.ts";

export const requestsCommand: Command = {
  name: "requests",
  summary: "Show recent requests and answers",
  flags: [
    { name: "follow", short: "f", summary: "Go on as requests come" },
    { name: "include-existing", summary: "With --follow: begin with the recent ones" },
    { name: "model", summary: "Only those of this model", value: "MODEL" },
  ],
  async run({ context, flags }) {
    if (flags["include-existing"] && !flags.follow) {
      throw new SkiffError("usage", "--include-existing needs --follow", { hint: "Give both, or neither." });
    }
    const client = await connectServer(context);
    const model = flags.model as string | undefined;
    if (!flags.follow) {
      return await context.out(`${JSON.stringify(await client.requests(model), null, 2)}\n`);
    }
    await context.out("Connected to request stream. Press Ctrl+C to stop.\n");
    const includeExisting = flags["include-existing"] === true;
    for await (const record of client.followRequests({ model, includeExisting, signal: context.signal })) {
      await context.out(`${record}\n`);
    }
    await context.out("Stream closed by server.\n");
  },
};

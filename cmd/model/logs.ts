/** `skiff model logs`. */
import type { Command } from "../../core/cli/command.ts";
import { connectServer } from "./connection.ts";

export const logsCommand: Command = {
  name: "logs",
  summary: "Show the server's and the engines' logs",
  flags: [
    { name: "follow", short: "f", summary: "Go on as lines are written" },
    { name: "no-engines", summary: "Leave out the engines' lines" },
  ],
  async run({ context, flags }) {
    const client = await connectServer(context);
    const options = {
      follow: flags.follow === true,
      engines: !flags["no-engines"],
      signal: context.signal,
    };
    for await (const text of client.logs(options)) await context.out(text);
  },
};

/** `skiff sandbox logs SANDBOX`: which programs ran when, what was reached and refused, what the keep-alive said. */
import type { Command } from "../../core/cli/command.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";
import { listSandboxes, resolveSandbox } from "../../core/sandbox/find.ts";
import { type LogLine, sandboxLogs } from "../../core/sandbox/logs.ts";
import { openWorld } from "./engine.ts";
import { sandboxNames } from "./names.ts";

export const logsCommand: Command = {
  name: "logs",
  summary: "Show what ran in a sandbox and what it reached",
  description:
    "Shows, by time: the programs that skiff ran in the sandbox with their exit codes, the network decisions of the\n" +
    "proxy, and what the container itself wrote. What an agent prints goes to its terminal and is not kept.",
  args: [{ name: "SANDBOX", required: true, complete: sandboxNames }],
  flags: [
    { name: "tail", short: "n", summary: "Only the last lines", value: "NUMBER" },
    formatFlag("text", "json"),
  ],
  async run({ context, args, flags }) {
    const world = await openWorld(context);
    const sandbox = resolveSandbox(await listSandboxes(world.docker), String(args.SANDBOX));
    const lines = await sandboxLogs(world, sandbox);
    const tail = flags.tail === undefined ? lines : lines.slice(-Math.max(1, Number(flags.tail) || 1));
    const format = flags.format === "json" ? JSON.stringify : text;
    await context.out(tail.map((line) => `${format(line)}\n`).join(""));
  },
};

function text({ time, source, message }: LogLine): string {
  return `${time} ${source.padEnd(9)} ${message}`;
}

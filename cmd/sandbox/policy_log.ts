/** `skiff sandbox policy log`. */
import type { Command } from "../../core/cli/command.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { skiffPaths } from "../../core/paths/paths.ts";
import { findRecord } from "../../core/sandbox/network/policy_edit.ts";
import { followLog, type LogEntry, readLog } from "../../core/sandbox/network/proxy/decision_log.ts";
import { sandboxFiles } from "../../core/sandbox/network/sandbox_files.ts";
import { sandboxFlag } from "./policy.ts";

export const policyLogCommand: Command = {
  name: "log",
  summary: "Show what was let through and what was not",
  flags: [
    sandboxFlag,
    { name: "follow", short: "f", summary: "Go on with what happens" },
    { name: "denied", summary: "Only what was not let through" },
    { name: "tail", short: "n", value: "N", summary: "Only the last N entries" },
    formatFlag("text", "json"),
  ],
  async run({ context, flags }) {
    const paths = skiffPaths(context.env);
    const { sandbox } = await findRecord(paths, flags.sandbox as string | undefined, Deno.cwd());
    const wanted = (entry: LogEntry) => !flags.denied || !entry.allowed;
    const line = (entry: LogEntry) =>
      flags.format === "json" ? `${JSON.stringify(entry)}\n` : textLine(entry);
    const path = sandboxFiles(paths, sandbox).log;
    const tail = tailOf(flags.tail as string | undefined);
    const { entries, bytes } = await readLog(path);
    const shown = entries.filter(wanted);
    await context.out(shown.slice(tail === undefined ? 0 : -tail || shown.length).map(line).join(""));
    if (!flags.follow) return;
    for await (const entry of followLog(path, bytes, context.signal)) {
      if (wanted(entry)) await context.out(line(entry));
    }
  },
};

function tailOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new SkiffError("usage", `--tail takes a number, not "${text}"`);
}

function textLine({ time, kind, target, allowed, reason }: LogEntry): string {
  return `${time}  ${allowed ? "allowed" : "DENIED "}  ${kind.padEnd(11)}  ${target}  (${reason})\n`;
}

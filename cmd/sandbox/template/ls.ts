/** `skiff sandbox template ls`. */
import type { Command } from "../../../core/cli/command.ts";
import { formatFlag } from "../../../core/cli/format_flag.ts";
import { formatTable } from "../../../core/cli/table.ts";
import { decimalSize } from "../../../core/format/byte_size.ts";
import { relativeTime } from "../../../core/format/duration.ts";
import { shortId } from "../../../core/sandbox/sandbox.ts";
import { listTemplates } from "../../../core/sandbox/template/templates.ts";
import { openWorld } from "../engine.ts";

export const lsCommand: Command = {
  name: "ls",
  summary: "List the templates that are here",
  flags: [
    { name: "quiet", short: "q", summary: "Print only names" },
    formatFlag("table", "json"),
  ],
  async run({ context, flags }) {
    const templates = await listTemplates((await openWorld(context)).docker);
    if (flags.quiet) return await context.out(templates.map(({ reference }) => `${reference}\n`).join(""));
    if (flags.format === "json") return await context.out(`${JSON.stringify(templates, null, 2)}\n`);
    const rows = templates.map((one) => [
      one.reference,
      one.agent,
      one.version,
      one.source,
      shortId(one.id),
      decimalSize(one.size),
      relativeTime(one.created * 1000, Date.now()),
    ]);
    await context.out(
      formatTable(["Template", "Agent", "Version", "Source", "Image ID", "Size", "Created"], rows),
    );
  },
};

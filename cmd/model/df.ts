/** `skiff model df`. */
import type { Command } from "../../core/cli/command.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";
import { formatTable } from "../../core/cli/table.ts";
import { decimalSize } from "../../core/format/byte_size.ts";
import { connectServer } from "./connection.ts";

export const dfCommand: Command = {
  name: "df",
  summary: "Show what models use of the disk",
  flags: [formatFlag("table", "json")],
  async run({ context, flags }) {
    const usage = await (await connectServer(context)).diskUsage();
    if (flags.format === "json") return await context.out(`${JSON.stringify(usage, null, 2)}\n`);
    const rows = [["Models", decimalSize(usage.models_disk_usage)]];
    if (usage.default_backend_disk_usage) {
      rows.push(["Inference engine", decimalSize(usage.default_backend_disk_usage)]);
    }
    await context.out(formatTable(["Type", "Size"], rows));
  },
};

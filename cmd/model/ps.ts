/** `skiff model ps`. */
import type { Command } from "../../core/cli/command.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";
import { formatTable } from "../../core/cli/table.ts";
import { relativeTime } from "../../core/format/duration.ts";
import type { RunningModelInfo } from "../../gateway/client/api_client.ts";
import { displayName } from "../../inference/store/reference.ts";
import { connectServer } from "./connection.ts";

export const psCommand: Command = {
  name: "ps",
  summary: "List the models that are loaded",
  flags: [formatFlag("table", "json")],
  async run({ context, flags }) {
    const running = await (await connectServer(context)).running();
    if (flags.format === "json") return await context.out(`${JSON.stringify(running, null, 2)}\n`);
    const rows = running.map((
      model,
    ) => [
      displayName(model.model_name),
      model.backend_name,
      model.mode,
      until(model),
      model.device ?? "",
    ]);
    await context.out(formatTable(["Model name", "Backend", "Mode", "Until", "Device"], rows));
  },
};

function until({ loading, in_use, keep_alive, expires }: RunningModelInfo): string {
  if (loading) return "Loading...";
  if (keep_alive?.startsWith("-")) return "Forever";
  if (in_use || !expires) return "In use";
  return Date.parse(expires) <= Date.now() ? "Expiring" : relativeTime(Date.parse(expires), Date.now());
}

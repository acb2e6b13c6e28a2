/** `skiff model status`. */
import type { Command } from "../../core/cli/command.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";
import { formatTable } from "../../core/cli/table.ts";
import { findServer, serverUrl } from "./connection.ts";

export const statusCommand: Command = {
  name: "status",
  summary: "Tell whether the server runs, and its engines",
  flags: [
    { name: "json", summary: "Print JSON" },
    formatFlag("table", "json"),
  ],
  async run({ context, flags }) {
    const client = await findServer(context);
    const json = flags.json || flags.format === "json";
    if (!client) {
      await context.out(
        json ? `${JSON.stringify({ running: false })}\n` : "Docker Model Runner is not running\n",
      );
      return 1;
    }
    const backends = await client.status();
    const endpoint = `${serverUrl(client, context)}/v1/`;
    if (json) {
      const status = { running: true, backends, kind: "skiff", endpoint, endpointHost: endpoint };
      return await context.out(`${JSON.stringify(status, null, 2)}\n`);
    }
    const rows = Object.entries(backends).map(([name, text]) => {
      const [status, ...details] = text.split(": ");
      return [name, status, details.join(": ")];
    });
    await context.out(
      `Docker Model Runner is running\n\n${formatTable(["Backend", "Status", "Details"], rows)}`,
    );
  },
};

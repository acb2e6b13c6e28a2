/** `skiff mcp server ls`. */
import type { Command } from "../../core/cli/command.ts";
import { asTyped } from "../../core/process/called_as.ts";
import { formatTable } from "../../core/cli/table.ts";
import { loadConfiguration } from "../../gateway/mcp/configuration/configuration.ts";
import { isUnisolated } from "../../gateway/mcp/catalog/server_entry.ts";
import { serverNeeds } from "../../gateway/mcp/configuration/server_state.ts";
import { jsonFlag, placeOf, shortened } from "./place.ts";
import { inWord, loadDecisions } from "./read_policy.ts";

export const serverLsCommand: Command = {
  name: "ls",
  aliases: ["list"],
  summary: "List the enabled servers",
  description:
    "Lists the enabled servers. Of what a server needs, `required` says that something is missing.",
  flags: [jsonFlag],
  async run({ context, flags }) {
    const { servers, secrets, warnings } = await loadConfiguration(placeOf(context));
    const decision = await loadDecisions(context);
    const states = await Promise.all(
      servers.map(async (server) => ({
        entry: server.entry,
        needs: await serverNeeds(server.entry, server.config, secrets),
        policy: decision(server),
      })),
    );
    for (const warning of warnings) await context.err(`${warning}\n`);
    if (flags.json) {
      const shown = states.map((
        { entry, needs: { oauth, secrets, config }, policy },
      ) => ({
        name: entry.name,
        description: entry.description ?? "",
        ...(isUnisolated(entry) ? { isolated: false } : {}),
        secrets: secrets ?? "none",
        config: config ?? "none",
        oauth: oauth ?? "none",
        policy,
      }));
      return await context.out(`${JSON.stringify(shown, null, 2)}\n`);
    }
    if (states.length === 0) {
      return await context.out(
        asTyped("No server is enabled. `skiff mcp server enable NAME` enables one.\n"),
      );
    }
    const rows = states.map(({ entry, needs: { oauth, secrets, config }, policy }) => [
      entry.name,
      oauth ?? "-",
      secrets ?? "-",
      config ?? "-",
      inWord(policy),
      shortened(isUnisolated(entry) ? `(not isolated) ${entry.description ?? ""}` : entry.description),
    ]);
    await context.out(formatTable(["name", "oauth", "secrets", "config", "policy", "description"], rows));
  },
};

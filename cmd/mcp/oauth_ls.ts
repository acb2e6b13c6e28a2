/** `skiff mcp oauth ls`. */
import type { Command } from "../../core/cli/command.ts";
import { formatTable } from "../../core/cli/table.ts";
import { loadConfiguration } from "../../gateway/mcp/configuration/configuration.ts";
import { listApps } from "../../gateway/mcp/oauth/find_app.ts";
import { oauthParts } from "../../gateway/mcp/oauth/oauth_parts.ts";
import { jsonFlag, placeOf } from "./place.ts";

export const oauthLsCommand: Command = {
  name: "ls",
  aliases: ["list"],
  summary: "List the apps and whether they are authorized",
  description:
    "Lists the OAuth providers of the enabled servers, and every login that there is. No token is printed.",
  flags: [jsonFlag],
  async run({ context, flags }) {
    const place = placeOf(context);
    const configuration = await loadConfiguration(place);
    const { vault } = await oauthParts({ ...place, sources: () => configuration.secrets });
    const apps = await listApps(configuration, vault);
    if (flags.json) return await context.out(`${JSON.stringify(apps, null, 2)}\n`);
    if (apps.length === 0) {
      return await context.out("No enabled server has an OAuth provider, and there is no login.\n");
    }
    const rows = apps.map(({ app, authorized, tools }) => [
      app,
      authorized ? "authorized" : "not authorized",
      tools.join(", ") || "-",
    ]);
    await context.out(formatTable(["app", "state", "servers"], rows));
  },
};

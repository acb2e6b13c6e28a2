/** `skiff mcp catalog show`. */
import type { Command } from "../../core/cli/command.ts";
import { formatTable } from "../../core/cli/table.ts";
import { readCatalogList } from "../../gateway/mcp/catalog/catalog_list.ts";
import { dockerCatalog, embeddedCatalog } from "../../gateway/mcp/catalog/catalog_source.ts";
import { openCatalog } from "../../gateway/mcp/catalog/load_catalogs.ts";
import { serverType } from "../../gateway/mcp/catalog/server_entry.ts";
import { formatFlag, placeOf, printed, shortened } from "./place.ts";

export const catalogShowCommand: Command = {
  name: "show",
  summary: "Show the servers of a catalog",
  args: [{
    name: "CATALOG",
    summary: `Name, file or address (default: ${dockerCatalog})`,
    complete: async (context) => [
      embeddedCatalog,
      dockerCatalog,
      ...(await readCatalogList(placeOf(context).files)).keys(),
    ],
  }],
  flags: [formatFlag("human")],
  examples: ["skiff mcp catalog show", "skiff mcp catalog show skiff --format json"],
  async run({ context, args, flags }) {
    const warnings: string[] = [];
    const name = args.CATALOG as string | undefined ?? dockerCatalog;
    const catalog = await openCatalog(name, placeOf(context), { files: [], warnings });
    for (const warning of [...warnings, ...catalog.problems]) await context.err(`${warning}\n`);
    const servers = [...catalog.servers.values()].sort((a, b) => a.name < b.name ? -1 : 1);
    if (flags.format !== "human") {
      const registry = Object.fromEntries(servers.map(({ name, ...entry }) => [name, entry]));
      return await context.out(
        printed({ name, displayName: catalog.displayName, registry }, flags.format as "json" | "yaml"),
      );
    }
    const rows = servers.map((entry) => [
      entry.name,
      serverType(entry) ?? "",
      entry.tools ? `${entry.tools.length}` : "-",
      shortened(entry.description),
    ]);
    await context.out(formatTable(["name", "type", "tools", "description"], rows));
  },
};

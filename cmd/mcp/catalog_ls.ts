/** `skiff mcp catalog ls`. */
import type { Command } from "../../core/cli/command.ts";
import { formatTable } from "../../core/cli/table.ts";
import { readCatalogList } from "../../gateway/mcp/catalog/catalog_list.ts";
import { dockerCatalog, embeddedCatalog } from "../../gateway/mcp/catalog/catalog_source.ts";
import { loadCatalogs } from "../../gateway/mcp/catalog/load_catalogs.ts";
import { formatFlag, placeOf, printed } from "./place.ts";

export const catalogLsCommand: Command = {
  name: "ls",
  aliases: ["list"],
  summary: "List the catalogs",
  flags: [formatFlag("table")],
  async run({ context, flags }) {
    const place = placeOf(context);
    const list = await readCatalogList(place.files);
    const records = new Map([[dockerCatalog, { displayName: "Docker MCP Catalog" }], ...list]);
    if (flags.format !== "table") {
      const catalogs = Object.fromEntries(records);
      return await context.out(printed({ catalogs }, flags.format as "json" | "yaml"));
    }
    const { catalogs, warnings } = await loadCatalogs(place);
    const sizes = new Map(catalogs.map(({ name, servers }) => [name, servers.size]));
    const rows = [...records].map(([name, { displayName, url, lastUpdate }]) => [
      name,
      displayName ?? name,
      sizes.has(name) ? `${sizes.get(name)}` : "-",
      lastUpdate ? lastUpdate.slice(0, 10) : "-",
      url ?? "",
    ]);
    rows.unshift([embeddedCatalog, "skiff's own", `${sizes.get(embeddedCatalog)}`, "-", ""]);
    await context.out(formatTable(["name", "title", "servers", "updated", "source"], rows));
    for (const warning of warnings) await context.err(`${warning}\n`);
  },
};

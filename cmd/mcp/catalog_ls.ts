/** `skiff mcp catalog ls`. */
import type { Command } from "../../core/cli/command.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";
import { formatTable } from "../../core/cli/table.ts";
import { type CatalogRecord, readCatalogList } from "../../gateway/mcp/catalog/catalog_list.ts";
import { dockerCatalog, embeddedCatalog } from "../../gateway/mcp/catalog/catalog_source.ts";
import { loadCatalogs } from "../../gateway/mcp/catalog/load_catalogs.ts";
import { placeOf, printed } from "./place.ts";

export const catalogLsCommand: Command = {
  name: "ls",
  aliases: ["list"],
  summary: "List the catalogs",
  flags: [{ ...formatFlag("table", "json", "yaml"), choices: ["table", "human", "json", "yaml"] }],
  async run({ context, flags }) {
    const place = placeOf(context);
    const list = await readCatalogList(place.files);
    const records = new Map<string, CatalogRecord>([
      [dockerCatalog, { displayName: "Docker MCP Catalog" }],
      ...list,
    ]);
    const { catalogs, warnings } = await loadCatalogs(place);
    const sizes = new Map(catalogs.map(({ name, servers }) => [name, servers.size]));
    for (const { name, displayName } of catalogs) { // of the toolkit's database; named by their references
      if (name !== embeddedCatalog && !records.has(name)) {
        records.set(name, { displayName, url: "toolkit", ref: name });
      }
    }
    if (flags.format === "json" || flags.format === "yaml") {
      return await context.out(printed({ catalogs: Object.fromEntries(records) }, flags.format));
    }
    const rows = [...records].map(([name, { displayName, url, lastUpdate, ref }]) => [
      name,
      displayName ?? name,
      sizes.has(name) ? `${sizes.get(name)}` : "-",
      lastUpdate ? lastUpdate.slice(0, 10) : "-",
      url ?? ref ?? "",
    ]);
    rows.unshift([embeddedCatalog, "skiff's own", `${sizes.get(embeddedCatalog)}`, "-", ""]);
    await context.out(formatTable(["name", "title", "servers", "updated", "source"], rows));
    for (const warning of warnings) await context.err(`${warning}\n`);
  },
};

/** `skiff mcp catalog show`. */
import type { Command, Context } from "../../core/cli/command.ts";
import { formatTable } from "../../core/cli/table.ts";
import { dockerCatalog } from "../../gateway/mcp/catalog/catalog_source.ts";
import type { Catalog } from "../../gateway/mcp/catalog/catalog_text.ts";
import { openCatalog } from "../../gateway/mcp/catalog/load_catalogs.ts";
import { pullIfWanted } from "../../gateway/mcp/catalog/pull_wanted.ts";
import { parsePullRules, pullWords } from "../../gateway/mcp/catalog/pull_rule.ts";
import { type ServerEntry, serverType } from "../../gateway/mcp/catalog/server_entry.ts";
import { catalogOrigin } from "../../gateway/mcp/catalog/shared_catalogs.ts";
import { sharedDigest, sharedForm, sharedServer } from "../../gateway/mcp/catalog/shared_form.ts";
import { catalogArgument } from "./catalog.ts";
import { formatFlag, placeOf, printed, shortened } from "./place.ts";

export const catalogShowCommand: Command = {
  name: "show",
  summary: "Show the servers of a catalog",
  description:
    "Shows the servers of a catalog. One with a reference is printed as JSON or YAML in the form that it has in\n" +
    "registries, others in that of catalog files.",
  args: [{
    ...catalogArgument,
    required: false,
    summary: `Name, reference, file or address (default: ${dockerCatalog})`,
  }],
  flags: [
    formatFlag("human"),
    {
      name: "pull",
      value: "WHEN",
      summary: `Take it from its registry first: ${pullWords.join(", ")}, or when it is older than 6h, 1d`,
      default: "never",
    },
    { name: "no-tools", summary: "Without the servers' tools" },
  ],
  examples: [
    "skiff mcp catalog show",
    "skiff mcp catalog show skiff --format json",
    "skiff mcp catalog show acme/tools:1 --pull missing",
  ],
  async run({ context, args, flags }) {
    const place = placeOf(context);
    const word = args.CATALOG as string | undefined ?? dockerCatalog;
    const say = (line: string) => context.err(`${line}\n`);
    await pullIfWanted(word, parsePullRules(String(flags.pull)), place, say);
    const warnings: string[] = [];
    const opened = await openCatalog(word, place, { files: [], warnings });
    for (const warning of [...warnings, ...opened.problems]) await say(warning);
    if (flags.format === "human") return await context.out(table(opened));
    const shown = await forPrograms(word, opened, { context, tools: !flags["no-tools"] });
    await context.out(printed(shown, flags.format as "json" | "yaml"));
  },
};

async function forPrograms(
  word: string,
  catalog: Catalog,
  { context, tools }: { context: Context; tools: boolean },
): Promise<unknown> {
  const { name, displayName } = catalog;
  const entries = [...catalog.servers.values()].sort((a, b) => a.name < b.name ? -1 : 1)
    .map((entry) => tools ? entry : withoutTools(entry));
  const origin = await catalogOrigin(word, placeOf(context));
  if (!origin) {
    const registry = Object.fromEntries(entries.map(({ name, ...entry }) => [name, entry]));
    return { name, displayName, registry };
  }
  const digest = origin.digest ?? sharedDigest(sharedForm(catalog).shared);
  return { ...origin, title: displayName || name, servers: entries.map(sharedServer), digest };
}

function withoutTools({ tools: _, ...entry }: ServerEntry): ServerEntry {
  return entry;
}

function table({ servers }: Catalog): string {
  const rows = [...servers.values()].sort((a, b) => a.name < b.name ? -1 : 1).map((entry) => [
    entry.name,
    serverType(entry) ?? "",
    entry.tools ? `${entry.tools.length}` : "-",
    shortened(entry.description),
  ]);
  return formatTable(["name", "type", "tools", "description"], rows);
}

/** `skiff mcp catalog show`. */
import type { Command, Context } from "../../core/cli/command.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";
import { formatTable } from "../../core/cli/table.ts";
import { dockerCatalog } from "../../gateway/mcp/catalog/catalog_source.ts";
import type { Catalog } from "../../gateway/mcp/catalog/catalog_text.ts";
import { openCatalog } from "../../gateway/mcp/catalog/load_catalogs.ts";
import { pullIfWanted } from "../../gateway/mcp/catalog/pull_wanted.ts";
import { parsePullRules, pullWords } from "../../gateway/mcp/catalog/pull_rule.ts";
import { isUnisolated, type ServerEntry, serverType } from "../../gateway/mcp/catalog/server_entry.ts";
import { catalogOrigin } from "../../gateway/mcp/catalog/shared_catalogs.ts";
import { sharedDigest, sharedForm, sharedServer } from "../../gateway/mcp/catalog/shared_form.ts";
import { catalogArgument } from "./catalog.ts";
import { placeOf, shortened } from "./place.ts";
import { inWord, loadDecisions } from "./read_policy.ts";
import { isForPrograms, printedByFlags, yqFlag } from "./yq_flag.ts";

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
    formatFlag("human", "json", "yaml"),
    yqFlag,
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
    "skiff mcp catalog show --yq '.registry[] | select(.type == \"remote\") | key'",
  ],
  async run({ context, args, flags }) {
    const place = placeOf(context);
    const word = args.CATALOG as string | undefined ?? dockerCatalog;
    const say = (line: string) => context.err(`${line}\n`);
    await pullIfWanted(word, parsePullRules(String(flags.pull)), place, say);
    const warnings: string[] = [];
    const opened = await openCatalog(word, place, { files: [], warnings });
    for (const warning of [...warnings, ...opened.problems]) await say(warning);
    const decision = await loadDecisions(context);
    if (!isForPrograms(flags)) return await context.out(table(opened, decision));
    const shown = await forPrograms(word, opened, { context, decision, tools: !flags["no-tools"] });
    await context.out(await printedByFlags(shown, flags));
  },
};

type Decisions = Awaited<ReturnType<typeof loadDecisions>>;

async function forPrograms(
  word: string,
  catalog: Catalog,
  { context, decision, tools }: { context: Context; decision: Decisions; tools: boolean },
): Promise<unknown> {
  const { name, displayName } = catalog;
  const entries = [...catalog.servers.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  const shown = (entry: ServerEntry) => tools ? entry : withoutTools(entry);
  const origin = await catalogOrigin(word, placeOf(context));
  if (!origin) {
    const registry = Object.fromEntries(entries.map((entry) => {
      const { name, ...fields } = shown(entry);
      return [name, { ...fields, policy: decision({ entry }) }];
    }));
    return { name, displayName, registry };
  }
  const servers = entries.map((entry) => {
    const { snapshot, ...server } = sharedServer(entry); // one-shot servers have their image from their tools
    return { ...server, snapshot: { server: shown(snapshot.server) }, policy: decision({ entry }) };
  });
  const digest = origin.digest ?? sharedDigest(sharedForm(catalog).shared);
  return { ...origin, title: displayName || name, servers, digest };
}

function withoutTools({ tools: _, ...entry }: ServerEntry): ServerEntry {
  return entry;
}

function table({ servers }: Catalog, decision: Decisions): string {
  const rows = [...servers.values()].sort((a, b) => a.name < b.name ? -1 : 1).map((entry) => [
    entry.name,
    isUnisolated(entry) ? "local (not isolated)" : serverType(entry) ?? "",
    entry.tools ? `${entry.tools.length}` : "-",
    inWord(decision({ entry })),
    shortened(entry.description),
  ]);
  return formatTable(["name", "type", "tools", "policy", "description"], rows);
}

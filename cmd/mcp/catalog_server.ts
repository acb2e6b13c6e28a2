/** `skiff mcp catalog server`: the servers of one catalog. */
import type { Command } from "../../core/cli/command.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { addServers, removeServers } from "../../gateway/mcp/catalog/edit_catalog.ts";
import { readReadme } from "../../gateway/mcp/catalog/catalog_source.ts";
import { openCatalog } from "../../gateway/mcp/catalog/load_catalogs.ts";
import { type ServerEntry, serverType } from "../../gateway/mcp/catalog/server_entry.ts";
import { sharedServer } from "../../gateway/mcp/catalog/shared_form.ts";
import { catalogArgument } from "./catalog.ts";
import { placeOf, printed } from "./place.ts";
import { serverFlag } from "./profile_create.ts";

const lsCommand: Command = {
  name: "ls",
  aliases: ["list"],
  summary: "List the servers of a catalog",
  args: [catalogArgument],
  flags: [
    {
      name: "filter",
      short: "f",
      value: "KEY=VALUE",
      summary: "name=…, a part of the name",
      repeatable: true,
    },
    formatFlag("human", "json", "yaml"),
  ],
  examples: ["skiff mcp catalog server ls docker-mcp -f name=github"],
  async run({ context, args, flags }) {
    const word = args.CATALOG as string;
    const wanted = nameFilter((flags.filter ?? []) as string[]);
    const { servers, displayName } = await openCatalog(word, placeOf(context));
    const found = [...servers.values()].filter(({ name }) => name.toLowerCase().includes(wanted))
      .sort((a, b) => a.name < b.name ? -1 : 1);
    if (flags.format !== "human") {
      const shown = { catalog: word, title: displayName ?? word, servers: found.map(sharedServer) };
      return await context.out(printed(shown, flags.format as "json" | "yaml"));
    }
    if (found.length === 0) return await context.out("No servers found\n");
    const head = `Catalog: ${word}\nTitle: ${displayName ?? word}\nServers (${found.length}):\n`;
    await context.out(`${head}\n${found.map(described).join("\n")}`);
  },
};

/** As Docker's toolkit: of several filters of one key the last one counts. */
function nameFilter(filters: string[]): string {
  const wanted = filters.map((word) => {
    const [, value] = /^name=(.*)$/.exec(word) ?? [];
    if (value === undefined) {
      throw new SkiffError("usage", `"${word}" is no filter`, { hint: "Give name=PART." });
    }
    return value.toLowerCase();
  });
  return wanted.at(-1) ?? "";
}

function described(entry: ServerEntry): string {
  const address = entry.remote?.url ?? entry.sseEndpoint;
  const lines = [
    `  ${entry.name}`,
    ...(entry.title ? [`    Title: ${entry.title}`] : []),
    ...(entry.description ? [`    Description: ${entry.description}`] : []),
    `    Type: ${serverType(entry)}`,
    ...(entry.image ? [`    Image: ${entry.image}`] : address ? [`    Endpoint: ${address}`] : []),
    ...(entry.tools?.length ? [`    Tools: ${entry.tools.length}`] : []),
  ];
  return `${lines.join("\n")}\n`;
}

const inspectCommand: Command = {
  name: "inspect",
  summary: "Show all about a server of a catalog",
  args: [catalogArgument, { name: "SERVER", required: true }],
  flags: [formatFlag("human", "json", "yaml")],
  async run({ context, args, flags }) {
    const [word, name] = [args.CATALOG as string, args.SERVER as string];
    const entry = (await openCatalog(word, placeOf(context))).servers.get(name);
    if (!entry) {
      throw new SkiffError("not_found", `server ${name} not found in catalog ${word}`, {
        hint: `\`skiff mcp catalog server ls ${word}\` lists its servers.`,
      });
    }
    const readme = await readReadme(entry, context.env).catch((error) =>
      context.err(`Its readme cannot be read: ${error.message}\n`)
    );
    const shown = { ...sharedServer(entry), ...(readme ? { readmeContent: readme } : {}) };
    await context.out(printed(shown, flags.format === "json" ? "json" : "yaml"));
  },
};

const addCommand: Command = {
  name: "add",
  summary: "Add servers to a catalog; those of the same names are replaced",
  args: [catalogArgument],
  flags: [serverFlag],
  examples: ["skiff mcp catalog server add acme/tools:1 --server catalog://docker-mcp/github-official"],
  async run({ context, args, flags }) {
    const uris = (flags.server ?? []) as string[];
    if (uris.length === 0) throw new SkiffError("usage", "No server is named", { hint: "Add --server URI." });
    const names = await addServers(args.CATALOG as string, uris, placeOf(context));
    await context.out(`Added to ${args.CATALOG}: ${names.join(", ")}\n`);
  },
};

const rmCommand: Command = {
  name: "rm",
  aliases: ["remove"],
  summary: "Take servers out of a catalog",
  args: [catalogArgument, { name: "NAME", variadic: true }],
  flags: [{ name: "name", value: "NAME", summary: "The same", repeatable: true }],
  async run({ context, args, flags }) {
    const names = [...(args.NAME ?? []) as string[], ...(flags.name ?? []) as string[]];
    if (names.length === 0) throw new SkiffError("usage", "No server is named");
    await removeServers(args.CATALOG as string, names, placeOf(context));
    await context.out(`Removed from ${args.CATALOG}: ${names.join(", ")}\n`);
  },
};

export const catalogServerCommand: Command = {
  name: "server",
  summary: "Manage the servers of a catalog",
  commands: [lsCommand, inspectCommand, addCommand, rmCommand].map((command) => ({
    name: command.name,
    aliases: command.aliases,
    summary: command.summary,
    load: () => Promise.resolve(command),
  })),
};

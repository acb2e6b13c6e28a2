/** `skiff mcp catalog create`: empty, or of servers, a profile, another catalog, a community registry. */
import type { Command } from "../../core/cli/command.ts";
import { type CatalogMaterial, isReference, makeCatalog } from "../../gateway/mcp/catalog/create_catalog.ts";
import { createCatalog } from "../../gateway/mcp/catalog/catalogs.ts";
import { placeOf } from "./place.ts";
import { serverFlag } from "./profile_create.ts";

export const catalogCreateCommand: Command = {
  name: "create",
  summary: "Make a catalog",
  description:
    "Makes a catalog, empty or of servers that are named, of a profile, of another catalog or of a community\n" +
    "registry. With a reference for its name it can be pushed to a registry.",
  args: [{ name: "NAME", required: true, summary: "A name, or a reference like acme/tools:1" }],
  flags: [
    { ...serverFlag, summary: `With this server: ${serverFlag.summary}` },
    { name: "title", value: "TITLE", summary: "Title for people" },
    { name: "from-profile", value: "ID", summary: "With the servers of a profile" },
    { name: "from-legacy-catalog", value: "URL", summary: "With the servers of a catalog in YAML or JSON" },
    { name: "from-community-registry", value: "HOST", summary: "With the servers of a community registry" },
    {
      name: "exclude",
      value: "NAME",
      summary: "Without this server of the community registry",
      repeatable: true,
    },
    { name: "include-pypi", summary: "With servers that are packages of PyPI", hidden: true },
    { name: "include-npm", summary: "With servers that are packages of npm", hidden: true },
  ],
  examples: [
    "skiff mcp catalog create mine",
    "skiff mcp catalog create acme/tools:1 --title Tools --server time --server docker://acme/notes:1",
    "skiff mcp catalog create acme/team:1 --from-profile work",
  ],
  async run({ context, args, flags }) {
    const word = args.NAME as string;
    const place = placeOf(context);
    const wanted = materialOf(flags);
    const plain = Object.values(wanted).every((value) => value === undefined || value === false);
    if (plain && !isReference(word)) {
      await createCatalog(word, place);
      return await context.out(`Created ${word}\n`);
    }
    const { reference, name, servers, notes } = await makeCatalog(word, wanted, place);
    for (const note of notes) await context.err(`${note}\n`);
    await context.out(
      `Catalog ${reference} created as ${name}: ${servers} ${servers === 1 ? "server" : "servers"}\n`,
    );
  },
};

function materialOf(flags: Record<string, unknown>): CatalogMaterial {
  return {
    title: flags.title as string | undefined,
    servers: flags.server as string[] | undefined,
    profile: flags["from-profile"] as string | undefined,
    legacyCatalog: flags["from-legacy-catalog"] as string | undefined,
    registry: flags["from-community-registry"] as string | undefined,
    exclude: flags.exclude as string[] | undefined,
    includePypi: flags["include-pypi"] === true,
    includeNpm: flags["include-npm"] === true,
  };
}

/** `skiff mcp catalog import`, `update`, `init`. */
import type { Command, Context } from "../../core/cli/command.ts";
import {
  importCatalog,
  type ImportedCatalog,
  initCatalogs,
  updateCatalogs,
} from "../../gateway/mcp/catalog/catalogs.ts";
import { importFromRegistry } from "../../gateway/mcp/catalog/community_registry.ts";
import { placeOf, printed } from "./place.ts";

export const catalogImportCommand: Command = {
  name: "import",
  summary: "Get a catalog from an address or a file",
  description:
    "Gets a catalog and keeps it under the name that it gives itself. With --mcp-registry one server of a\n" +
    "community registry is added to a catalog that is there.",
  args: [{
    name: "SOURCE",
    required: true,
    summary: "docker-mcp, an address or a file; or the catalog to add to",
  }],
  flags: [
    { name: "mcp-registry", value: "URL", summary: "Add the server at this address of an MCP registry" },
    { name: "dry-run", summary: "Only tell what would be imported" },
  ],
  examples: [
    "skiff mcp catalog import docker-mcp",
    "skiff mcp catalog import ./team.yaml",
    "skiff mcp catalog import mine --mcp-registry https://registry.modelcontextprotocol.io/v0/servers/ID",
  ],
  async run({ context, args, flags }) {
    const place = placeOf(context);
    const dryRun = !!flags["dry-run"];
    if (flags["mcp-registry"]) {
      const url = flags["mcp-registry"] as string;
      const entry = await importFromRegistry(args.SOURCE as string, { url, dryRun }, place);
      return await context.out(
        dryRun ? printed(entry, "yaml") : `Added ${entry.name} to ${args.SOURCE as string}\n`,
      );
    }
    const imported = await importCatalog(args.SOURCE as string, place, { dryRun });
    await report(context, dryRun ? "Would import" : "Imported", imported);
  },
};

export const catalogUpdateCommand: Command = {
  name: "update",
  summary: "Get imported catalogs anew",
  args: [{ name: "CATALOG", summary: "Only this one" }],
  async run({ context, args }) {
    const updated = await updateCatalogs(args.CATALOG as string | undefined, placeOf(context));
    if (updated.length === 0) await context.out("No catalog was imported.\n");
    for (const one of updated) {
      if (one.servers > 0 || one.problems.length === 0) await report(context, "Updated", one);
      else for (const problem of one.problems) await context.err(`${problem}\n`);
    }
    return updated.some(({ servers, problems }) => servers === 0 && problems.length > 0) ? 1 : 0;
  },
};

export const catalogInitCommand: Command = {
  name: "init",
  summary: "Begin with Docker's catalog",
  async run({ context }) {
    const fetched = await initCatalogs(placeOf(context));
    await context.out(
      fetched
        ? "Docker's catalog is ready.\n"
        : "Docker's catalog cannot be reached now; the servers inside of skiff are there.\n",
    );
  },
};

async function report(
  context: Context,
  verb: string,
  { name, servers, problems }: ImportedCatalog,
): Promise<void> {
  await context.out(`${verb} ${name}: ${servers} ${servers === 1 ? "server" : "servers"}\n`);
  for (const problem of problems) await context.err(`${problem}\n`);
}

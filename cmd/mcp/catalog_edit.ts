/** `skiff mcp catalog export`, `fork`, `add`, `rm`, `bootstrap`, `reset`. */
import type { Command } from "../../core/cli/command.ts";
import {
  addServer,
  bootstrapCatalog,
  exportCatalog,
  forkCatalog,
  removeCatalog,
  resetCatalogs,
} from "../../gateway/mcp/catalog/catalogs.ts";
import { catalogArgument as catalog } from "./catalog.ts";
import { placeOf } from "./place.ts";

export const catalogExportCommand: Command = {
  name: "export",
  summary: "Write a catalog to a file",
  args: [catalog, { name: "FILE", required: true }],
  async run({ context, args }) {
    await exportCatalog(args.CATALOG as string, args.FILE as string, placeOf(context));
    await context.out(`Exported ${args.CATALOG} to ${args.FILE}\n`);
  },
};

export const catalogForkCommand: Command = {
  name: "fork",
  summary: "Make a catalog of your own out of another one",
  args: [catalog, { name: "NAME", required: true }],
  async run({ context, args }) {
    await forkCatalog(args.CATALOG as string, args.NAME as string, placeOf(context));
    await context.out(`Forked ${args.CATALOG} as ${args.NAME}\n`);
  },
};

export const catalogAddCommand: Command = {
  name: "add",
  summary: "Add a server to a catalog of your own",
  args: [catalog, { name: "SERVER", required: true }, {
    name: "FILE",
    required: true,
    summary: "A catalog that has the server, or one entry",
  }],
  flags: [{ name: "force", summary: "Replace the server of that name" }],
  examples: ["skiff mcp catalog add mine notes ./notes.yaml"],
  async run({ context, args, flags }) {
    await addServer(args.CATALOG as string, args.SERVER as string, {
      path: args.FILE as string,
      force: !!flags.force,
    }, placeOf(context));
    await context.out(`Added ${args.SERVER} to ${args.CATALOG}\n`);
  },
};

export const catalogRmCommand: Command = {
  name: "rm",
  aliases: ["remove"],
  summary: "Remove a catalog",
  args: [catalog],
  async run({ context, args }) {
    await removeCatalog(args.CATALOG as string, placeOf(context));
    await context.out(`Removed ${args.CATALOG}\n`);
  },
};

export const catalogBootstrapCommand: Command = {
  name: "bootstrap",
  summary: "Write a file to begin a catalog of your own with",
  args: [{ name: "FILE", required: true }],
  async run({ context, args }) {
    await bootstrapCatalog(args.FILE as string, placeOf(context));
    await context.out(`Wrote ${args.FILE}\n`);
  },
};

export const catalogResetCommand: Command = {
  name: "reset",
  aliases: ["empty"],
  summary: "Remove all catalogs",
  async run({ context }) {
    await resetCatalogs(placeOf(context));
    await context.out("All catalogs are removed; the servers inside of skiff are there.\n");
  },
};

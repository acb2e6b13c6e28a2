/** `skiff mcp catalog`. */
import type { Argument, Command } from "../../core/cli/command.ts";
import { readCatalogList } from "../../gateway/mcp/catalog/catalog_list.ts";
import { dockerCatalog, embeddedCatalog } from "../../gateway/mcp/catalog/catalog_source.ts";
import { placeOf } from "./place.ts";

/** A catalog by its name or its reference. */
export const catalogArgument: Argument = {
  name: "CATALOG",
  required: true,
  summary: "Name or reference",
  complete: async (context) => [
    embeddedCatalog,
    dockerCatalog,
    ...(await readCatalogList(placeOf(context).files)).keys(),
  ],
};

export const catalogCommand: Command = {
  name: "catalog",
  summary: "Manage the catalogs of servers",
  description:
    "A catalog says which servers there are and how each is run. There is one inside of skiff; Docker's is\n" +
    "got with `catalog import docker-mcp`; others are imported, or made of your own.",
  commands: [
    {
      name: "ls",
      aliases: ["list"],
      summary: "List the catalogs",
      load: async () => (await import("./catalog_ls.ts")).catalogLsCommand,
    },
    {
      name: "show",
      summary: "Show the servers of a catalog",
      load: async () => (await import("./catalog_show.ts")).catalogShowCommand,
    },
    {
      name: "import",
      summary: "Get a catalog from an address or a file",
      load: async () => (await import("./catalog_import.ts")).catalogImportCommand,
    },
    {
      name: "update",
      summary: "Get imported catalogs anew",
      load: async () => (await import("./catalog_import.ts")).catalogUpdateCommand,
    },
    {
      name: "init",
      summary: "Begin with Docker's catalog",
      load: async () => (await import("./catalog_import.ts")).catalogInitCommand,
    },
    {
      name: "export",
      summary: "Write a catalog to a file",
      load: async () => (await import("./catalog_edit.ts")).catalogExportCommand,
    },
    {
      name: "create",
      summary: "Make a catalog",
      load: async () => (await import("./catalog_create.ts")).catalogCreateCommand,
    },
    {
      name: "fork",
      summary: "Make a catalog of your own out of another one",
      load: async () => (await import("./catalog_edit.ts")).catalogForkCommand,
    },
    {
      name: "add",
      summary: "Add a server to a catalog of your own",
      load: async () => (await import("./catalog_edit.ts")).catalogAddCommand,
    },
    {
      name: "rm",
      aliases: ["remove"],
      summary: "Remove a catalog",
      load: async () => (await import("./catalog_edit.ts")).catalogRmCommand,
    },
    {
      name: "push",
      summary: "Put a catalog into a registry",
      load: async () => (await import("./catalog_share.ts")).catalogPushCommand,
    },
    {
      name: "pull",
      summary: "Take a catalog from a registry",
      load: async () => (await import("./catalog_share.ts")).catalogPullCommand,
    },
    {
      name: "tag",
      summary: "Keep a copy of a catalog under another reference",
      load: async () => (await import("./catalog_share.ts")).catalogTagCommand,
    },
    {
      name: "server",
      aliases: ["servers"],
      summary: "Manage the servers of a catalog",
      load: async () => (await import("./catalog_server.ts")).catalogServerCommand,
    },
    {
      name: "bootstrap",
      summary: "Write a file to begin a catalog of your own with",
      load: async () => (await import("./catalog_edit.ts")).catalogBootstrapCommand,
    },
    {
      name: "reset",
      aliases: ["empty"],
      summary: "Remove all catalogs",
      load: async () => (await import("./catalog_edit.ts")).catalogResetCommand,
    },
  ],
};

/** `skiff mcp catalog push`, `pull`, `tag`. */
import type { Command } from "../../core/cli/command.ts";
import { pullCatalog, pushCatalog, tagCatalog } from "../../gateway/mcp/catalog/shared_catalogs.ts";
import { catalogArgument } from "./catalog.ts";
import { placeOf } from "./place.ts";

const reference = { name: "REFERENCE", required: true, summary: "Like ghcr.io/team/mcp-catalog:latest" };

export const catalogPushCommand: Command = {
  name: "push",
  summary: "Put a catalog into a registry",
  args: [catalogArgument, {
    ...reference,
    required: false,
    summary: "Where to (default: its own reference)",
  }],
  examples: [
    "skiff mcp catalog push acme/tools:1",
    "skiff mcp catalog push mine ghcr.io/team/mcp-catalog:latest",
  ],
  async run({ context, args }) {
    const target = args.REFERENCE as string | undefined;
    const { reference, digest, left } = await pushCatalog(args.CATALOG as string, target, placeOf(context));
    for (const name of left) await context.err(`${name} stays here: it is a command of this machine\n`);
    await context.out(`Pushed catalog to ${reference}@${digest}\n`);
  },
};

export const catalogPullCommand: Command = {
  name: "pull",
  summary: "Take a catalog from a registry",
  args: [reference],
  async run({ context, args }) {
    const reference = args.REFERENCE as string;
    const { name, servers, problems } = await pullCatalog(reference, placeOf(context));
    const count = `${servers} ${servers === 1 ? "server" : "servers"}`;
    await context.out(`Catalog ${reference} pulled as ${name}: ${count}\n`);
    for (const problem of problems) await context.err(`${problem}\n`);
  },
};

export const catalogTagCommand: Command = {
  name: "tag",
  summary: "Keep a copy of a catalog under another reference",
  args: [catalogArgument, { ...reference, summary: "The other reference, like acme/tools:2" }],
  examples: ["skiff mcp catalog tag acme/tools:1 acme/tools:2"],
  async run({ context, args }) {
    const words = [args.CATALOG as string, args.REFERENCE as string] as const;
    const { source, target } = await tagCatalog(...words, placeOf(context));
    await context.out(`Tagged catalog ${source} as ${target}\n`);
  },
};

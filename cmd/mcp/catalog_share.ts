/** `skiff mcp catalog push` and `pull`. */
import type { Command } from "../../core/cli/command.ts";
import { pullCatalog, pushCatalog } from "../../gateway/mcp/catalog/shared_catalogs.ts";
import { placeOf } from "./place.ts";

const reference = { name: "REFERENCE", required: true, summary: "Like ghcr.io/team/mcp-catalog:latest" };

export const catalogPushCommand: Command = {
  name: "push",
  summary: "Put a catalog into a registry",
  args: [{ name: "CATALOG", required: true }, reference],
  async run({ context, args }) {
    const digest = await pushCatalog(args.CATALOG as string, args.REFERENCE as string, placeOf(context));
    await context.out(`Pushed ${args.CATALOG} to ${args.REFERENCE} (${digest})\n`);
  },
};

export const catalogPullCommand: Command = {
  name: "pull",
  summary: "Take a catalog from a registry",
  args: [reference],
  async run({ context, args }) {
    const { name, servers, problems } = await pullCatalog(args.REFERENCE as string, placeOf(context));
    await context.out(`Pulled ${name}: ${servers} ${servers === 1 ? "server" : "servers"}\n`);
    for (const problem of problems) await context.err(`${problem}\n`);
  },
};

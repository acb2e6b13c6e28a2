/** `skiff mcp profile ls` and `show`. */
import type { Command } from "../../core/cli/command.ts";
import { asTyped } from "../../core/process/called_as.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";
import { formatTable } from "../../core/cli/table.ts";
import { listClients } from "../../gateway/mcp/clients/list_clients.ts";
import { profileJson, serverName } from "../../gateway/mcp/profiles/profile.ts";
import { listProfiles, readProfile } from "../../gateway/mcp/profiles/profile_store.ts";
import { clientPlace } from "./client_connect.ts";
import { placeOf, printed } from "./place.ts";
import { profileArgument } from "./profile.ts";
import { isForPrograms, printedByFlags, yqFlag } from "./yq_flag.ts";

export const profileLsCommand: Command = {
  name: "ls",
  aliases: ["list"],
  summary: "List the profiles",
  flags: [formatFlag("human", "json", "yaml")],
  async run({ context, flags }) {
    const warnings: string[] = [];
    const profiles = await listProfiles(placeOf(context), warnings);
    for (const warning of warnings) await context.err(`${warning}\n`);
    if (flags.format !== "human") {
      const shown = profiles.map(({ profile }) => flags.format === "json" ? profileJson(profile) : profile);
      return await context.out(printed(shown, flags.format as "json" | "yaml"));
    }
    if (profiles.length === 0) {
      return await context.out(asTyped("No profile. `skiff mcp profile create --name NAME` makes one.\n"));
    }
    const rows = profiles.map(({ profile: { id, name, servers }, origin }) => [
      id,
      name,
      servers.map(serverName).join(", ") || "-",
      origin,
    ]);
    await context.out(formatTable(["id", "name", "servers", "kept in"], rows));
  },
};

export const profileShowCommand: Command = {
  name: "show",
  summary: "Show a profile",
  args: [profileArgument],
  flags: [
    formatFlag("human", "json", "yaml"),
    yqFlag,
    { name: "clients", summary: "With the clients that have it" },
  ],
  examples: ["skiff mcp profile show work --yq '.servers[].type'"],
  async run({ context, args, flags }) {
    const profile = await readProfile(args.ID as string, placeOf(context));
    const clients = flags.clients
      ? (await listClients(clientPlace(context))).filter((state) => state.profile === profile.id)
        .map(({ client }) => client.name)
      : undefined;
    if (isForPrograms(flags)) {
      const plain = flags.format === "json" ? profileJson(profile) : profile;
      return await context.out(await printedByFlags(clients ? { ...plain, clients } : plain, flags));
    }
    await context.out(`${profile.name} (${profile.id})\n`);
    if (clients) await context.out(`Clients: ${clients.join(", ") || "none"}\n`);
    const rows = profile.servers.map((server) => [
      serverName(server),
      server.type,
      server.tools ? `${server.tools.length}` : "all",
      JSON.stringify(server.config ?? {}),
    ]);
    await context.out(formatTable(["server", "type", "tools", "config"], rows));
  },
};

/** `skiff mcp profile server`. */
import type { Command } from "../../core/cli/command.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";
import { formatTable } from "../../core/cli/table.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import type { ServerEntry } from "../../gateway/mcp/catalog/server_entry.ts";
import { withoutServers, withServers } from "../../gateway/mcp/profiles/edit_profile.ts";
import {
  type Profile,
  profileId,
  type ProfileServer,
  serverJson,
  serverName,
} from "../../gateway/mcp/profiles/profile.ts";
import { changeProfile, listProfiles } from "../../gateway/mcp/profiles/profile_store.ts";
import { serversOf } from "../../gateway/mcp/profiles/server_uri.ts";
import { placeOf, printed, shortened } from "./place.ts";
import { profileArgument } from "./profile.ts";
import { serverFlag } from "./profile_create.ts";

const lsCommand: Command = {
  name: "ls",
  aliases: ["list"],
  summary: "List the servers of all profiles",
  flags: [
    { name: "filter", short: "f", value: "KEY=VALUE", summary: "name=… or profile=…", repeatable: true },
    formatFlag("human", "json", "yaml"),
  ],
  async run({ context, flags }) {
    const filters = ((flags.filter ?? []) as string[]).map((word) => {
      const [, key, value] = /^(name|profile)=(.*)$/.exec(word) ?? [];
      if (!key) {
        throw new SkiffError("usage", `"${word}" is no filter`, { hint: "Give name=… or profile=…." });
      }
      return { key, value };
    });
    const profiles = (await listProfiles(placeOf(context))).map(({ profile }) => profile);
    const all = profiles.flatMap((profile) =>
      profile.servers.map((server) => ({ profile: profile.id, name: serverName(server), server }))
    );
    const found = all.filter((one) =>
      filters.every(({ key, value }) =>
        key === "name"
          ? one.name.toLowerCase().includes(value.toLowerCase())
          : profileId(one.profile) === profileId(value)
      )
    );
    if (flags.format !== "human") {
      return await context.out(
        printed(byProfile(found, profiles, flags.format === "json"), flags.format as "json" | "yaml"),
      );
    }
    if (found.length === 0) return await context.out("No servers found\n");
    const rows = found.map(({ profile, name, server }) => [
      profile,
      name,
      server.type,
      shortened(server.snapshot?.server.description),
    ]);
    await context.out(formatTable(["profile", "server", "type", "description"], rows));
  },
};

interface FoundServer {
  profile: string;
  server: ProfileServer;
}

/** As Docker's toolkit has them: the profiles that have any, each with its servers. */
function byProfile(found: FoundServer[], profiles: Profile[], asJson: boolean): unknown[] {
  return profiles.flatMap(({ id, name }) => {
    const servers = found.filter(({ profile }) => profile === id)
      .map(({ server }) => asJson ? serverJson(server) : server);
    return servers.length > 0 ? [{ id, name, servers }] : [];
  });
}

const addCommand: Command = {
  name: "add",
  summary: "Add servers to a profile",
  args: [profileArgument],
  flags: [serverFlag],
  async run({ context, args, flags }) {
    const uris = (flags.server ?? []) as string[];
    if (uris.length === 0) throw new SkiffError("usage", "No server is named", { hint: "Add --server URI." });
    const place = placeOf(context);
    const entries: ServerEntry[] = [];
    for (const uri of uris) entries.push(...await serversOf(uri, place));
    await changeProfile(args.ID as string, (profile) => withServers(profile, entries), place);
    await context.out(`Added to ${args.ID}: ${entries.map(({ name }) => name).join(", ")}\n`);
  },
};

const rmCommand: Command = {
  name: "rm",
  aliases: ["remove"],
  summary: "Take servers out of a profile",
  args: [profileArgument, { name: "NAME", variadic: true }],
  flags: [{ name: "name", value: "NAME", summary: "The same", repeatable: true }],
  async run({ context, args, flags }) {
    const names = [...(args.NAME ?? []) as string[], ...(flags.name ?? []) as string[]];
    if (names.length === 0) throw new SkiffError("usage", "No server is named");
    await changeProfile(args.ID as string, (profile) => withoutServers(profile, names), placeOf(context));
    await context.out(`Removed from ${args.ID}: ${names.join(", ")}\n`);
  },
};

export const profileServerCommand: Command = {
  name: "server",
  summary: "Manage the servers of a profile",
  commands: [lsCommand, addCommand, rmCommand].map((command) => ({
    name: command.name,
    aliases: command.aliases,
    summary: command.summary,
    load: () => Promise.resolve(command),
  })),
};

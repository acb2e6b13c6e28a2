/** `skiff mcp profile create`, and making one after a template. */
import type { Command, Context, Flag } from "../../core/cli/command.ts";
import { findClient } from "../../gateway/mcp/clients/client_files.ts";
import { connectClient } from "../../gateway/mcp/clients/connect.ts";
import { createProfile, type NewProfile } from "../../gateway/mcp/profiles/create_profile.ts";
import { clientPlace } from "./client_connect.ts";
import { placeOf } from "./place.ts";

export const connectFlag: Flag = {
  name: "connect",
  value: "CLIENT",
  summary: "Give the profile to this client, in the user's own configuration",
  repeatable: true,
};

/** Names of servers; see `serversOf`. */
export const serverFlag: Flag = {
  name: "server",
  value: "URI",
  summary: "NAME, catalog://CATALOG/NAME+NAME, docker://IMAGE, https://… or file://PATH",
  repeatable: true,
};

/** Makes a profile and connects clients to it; unknown clients are told before anything is made. */
export async function createAndConnect(context: Context, wanted: NewProfile, names: string[]): Promise<void> {
  const clients = names.map(findClient);
  const profile = await createProfile(wanted, placeOf(context));
  const count = profile.servers.length;
  await context.out(`Created profile ${profile.id} with ${count} ${count === 1 ? "server" : "servers"}\n`);
  for (const client of clients) {
    const { path } = await connectClient(client, {
      ...clientPlace(context),
      global: true,
      profile: profile.id,
    });
    await context.out(`Connected ${client.displayName}: ${path}\n`);
  }
}

export const profileCreateCommand: Command = {
  name: "create",
  summary: "Make a profile",
  flags: [
    { name: "name", value: "NAME", summary: "Name for people" },
    { name: "id", value: "ID", summary: "Name for commands (default: made of the name)" },
    serverFlag,
    connectFlag,
    { name: "from-template", value: "ID", summary: "Begin with the servers of a template" },
  ],
  examples: ["skiff mcp profile create --name Research --server arxiv-mcp-server --server fetch"],
  async run({ context, flags }) {
    await createAndConnect(context, {
      name: flags.name as string | undefined,
      id: flags.id as string | undefined,
      servers: flags.server as string[] | undefined,
      template: flags["from-template"] as string | undefined,
    }, (flags.connect ?? []) as string[]);
  },
};

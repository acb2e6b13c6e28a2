/** `skiff mcp profile`. */
import type { Argument, Command } from "../../core/cli/command.ts";
import { listProfiles } from "../../gateway/mcp/profiles/profile_store.ts";
import { placeOf } from "./place.ts";

export const profileArgument: Argument = {
  name: "ID",
  required: true,
  summary: "Which profile",
  complete: async (context) => (await listProfiles(placeOf(context))).map(({ profile }) => profile.id),
};

export const profileCommand: Command = {
  name: "profile",
  summary: "Keep sets of servers for different work",
  description:
    "A profile is a set of servers with its own values and tools. `gateway run --profile ID` serves one,\n" +
    "`client connect CLIENT --profile ID` gives one to a client.",
  commands: [
    {
      name: "create",
      summary: "Make a profile",
      load: async () => (await import("./profile_create.ts")).profileCreateCommand,
    },
    {
      name: "ls",
      aliases: ["list"],
      summary: "List the profiles",
      load: async () => (await import("./profile_show.ts")).profileLsCommand,
    },
    {
      name: "show",
      summary: "Show a profile",
      load: async () => (await import("./profile_show.ts")).profileShowCommand,
    },
    {
      name: "rm",
      aliases: ["remove"],
      summary: "Remove a profile",
      load: async () => (await import("./profile_files.ts")).profileRmCommand,
    },
    {
      name: "export",
      summary: "Write a profile to a file",
      load: async () => (await import("./profile_files.ts")).profileExportCommand,
    },
    {
      name: "import",
      summary: "Take a profile from a file",
      load: async () => (await import("./profile_files.ts")).profileImportCommand,
    },
    {
      name: "push",
      summary: "Put a profile into a registry",
      load: async () => (await import("./profile_share.ts")).profilePushCommand,
    },
    {
      name: "pull",
      summary: "Take a profile from a registry",
      load: async () => (await import("./profile_share.ts")).profilePullCommand,
    },
    {
      name: "config",
      summary: "Show and change the values of a profile's servers",
      load: async () => (await import("./profile_config.ts")).profileConfigCommand,
    },
    {
      name: "tools",
      summary: "Switch the tools of a profile on and off",
      load: async () => (await import("./profile_tools.ts")).profileToolsCommand,
    },
    {
      name: "manual-instructions",
      summary: "Show the command that a client starts to have a profile",
      hidden: true,
      load: async () => (await import("./client_connect.ts")).profileManualCommand,
    },
    {
      name: "server",
      aliases: ["servers"],
      summary: "Manage the servers of a profile",
      load: async () => (await import("./profile_server.ts")).profileServerCommand,
    },
  ],
};

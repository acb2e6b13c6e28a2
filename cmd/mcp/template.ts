/** `skiff mcp template`. */
import type { Command } from "../../core/cli/command.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";
import { formatTable } from "../../core/cli/table.ts";
import { profileTemplates } from "../../gateway/mcp/profiles/profile_templates.ts";
import { printed } from "./place.ts";
import { connectFlag, createAndConnect } from "./profile_create.ts";

const lsCommand: Command = {
  name: "ls",
  aliases: ["list"],
  summary: "List the templates",
  flags: [formatFlag("human", "json", "yaml")],
  async run({ context, flags }) {
    if (flags.format !== "human") {
      const shown = profileTemplates.map(({ servers, ...template }) => ({
        ...template,
        server_names: servers,
      }));
      return await context.out(printed(shown, flags.format as "json" | "yaml"));
    }
    const rows = profileTemplates.map((
      { id, description, servers },
    ) => [id, servers.join(", "), description]);
    await context.out(formatTable(["id", "servers", "description"], rows));
  },
};

const useCommand: Command = {
  name: "use",
  summary: "Make a profile after a template",
  args: [{
    name: "ID",
    required: true,
    complete: () => Promise.resolve(profileTemplates.map(({ id }) => id)),
  }],
  flags: [
    { name: "name", value: "NAME", summary: "Name of the profile (default: the template's)" },
    connectFlag,
  ],
  async run({ context, args, flags }) {
    await createAndConnect(
      context,
      { template: args.ID as string, name: flags.name as string | undefined },
      (flags.connect ?? []) as string[],
    );
  },
};

export const templateCommand: Command = {
  name: "template",
  summary: "Begin profiles with a template",
  commands: [lsCommand, useCommand].map((command) => ({
    name: command.name,
    aliases: command.aliases,
    summary: command.summary,
    load: () => Promise.resolve(command),
  })),
};

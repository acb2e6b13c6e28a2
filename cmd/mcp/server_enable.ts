/** `skiff mcp server enable`, `disable`, `reset`. */
import type { Command, Context } from "../../core/cli/command.ts";
import { programName } from "../../core/process/called_as.ts";
import { loadCatalogs } from "../../gateway/mcp/catalog/load_catalogs.ts";
import { defaultProfile } from "../../gateway/mcp/configuration/default_profile.ts";
import { disableAllServers, disableServers, enableServers } from "../../gateway/mcp/configuration/enable.ts";
import { readRegistry } from "../../gateway/mcp/configuration/registry_file.ts";
import { nextSteps } from "../../gateway/mcp/configuration/server_state.ts";
import { placeOf } from "./place.ts";

const enabledNames = (context: Context) => readRegistry(placeOf(context).files.registry);

/** That a server stays enabled, and what to do about it. */
const profileEnables = (name: string) =>
  `${name} is enabled by the profile ${defaultProfile}: ` +
  `${programName()} mcp profile server rm ${defaultProfile} ${name}\n`;

export const serverEnableCommand: Command = {
  name: "enable",
  aliases: ["add"],
  summary: "Enable servers",
  args: [{
    name: "NAME",
    required: true,
    variadic: true,
    complete: async (context) => [...(await loadCatalogs(placeOf(context))).servers.keys()],
  }],
  examples: ["skiff mcp server enable duckduckgo fetch"],
  async run({ context, args }) {
    const { enabled, pruned, warnings } = await enableServers(args.NAME as string[], placeOf(context));
    for (const warning of warnings) await context.err(`${warning}\n`);
    for (const { entry, needs, already } of enabled) {
      await context.out(already ? `${entry.name} is enabled already\n` : `Enabled ${entry.name}\n`);
      for (const step of nextSteps(entry, needs)) await context.out(`  ${step}\n`);
    }
    for (const name of pruned) await context.err(`Removed ${name}: no catalog has it any longer\n`);
  },
};

export const serverDisableCommand: Command = {
  name: "disable",
  aliases: ["remove", "rm"],
  summary: "Disable servers",
  args: [{ name: "NAME", required: true, variadic: true, complete: enabledNames }],
  async run({ context, args }) {
    const names = args.NAME as string[];
    const { missing, ofProfile } = await disableServers(names, placeOf(context));
    for (const name of names) {
      if (missing.includes(name)) await context.err(`${name} is not enabled\n`);
      else if (ofProfile.includes(name)) await context.err(profileEnables(name));
      else await context.out(`Disabled ${name}\n`);
    }
    return ofProfile.length > 0 ? 1 : 0;
  },
};

export const serverResetCommand: Command = {
  name: "reset",
  summary: "Disable all servers",
  async run({ context }) {
    const others = await disableAllServers(placeOf(context));
    for (const name of others) await context.err(profileEnables(name));
    if (others.length === 0) await context.out("All servers are disabled\n");
  },
};

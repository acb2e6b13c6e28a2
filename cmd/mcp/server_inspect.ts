/** `skiff mcp server inspect`. */
import type { Command } from "../../core/cli/command.ts";
import { loadCatalogs } from "../../gateway/mcp/catalog/load_catalogs.ts";
import { loadConfiguration, unknownServer } from "../../gateway/mcp/configuration/configuration.ts";
import { readRegistry } from "../../gateway/mcp/configuration/registry_file.ts";
import { serverNeeds } from "../../gateway/mcp/configuration/server_state.ts";
import { ofImage } from "../../gateway/mcp/profiles/server_uri.ts";
import { placeOf, printed } from "./place.ts";

export const serverInspectCommand: Command = {
  name: "inspect",
  summary: "Show all about a server",
  description:
    "Shows the entry of a server as its catalog has it, and what of its needs is given. No secrets.",
  args: [{
    name: "NAME",
    required: true,
    summary: "Name, or an image that describes its server",
    complete: async (context) => [...(await loadCatalogs(placeOf(context))).servers.keys()],
  }],
  flags: [{
    name: "format",
    value: "FORMAT",
    summary: "How to print",
    choices: ["json", "yaml"],
    default: "json",
  }],
  async run({ context, args, flags }) {
    const place = placeOf(context);
    const configuration = await loadConfiguration(place);
    const name = args.NAME as string;
    const server = await configuration.server(name) ??
      (/[/:@]/.test(name) ? await configuration.withValues(await ofImage(name, place)) : undefined);
    if (!server) throw unknownServer(name, configuration.catalogs);
    const { oauth, secrets, config, missingSecrets, missingConfig } = await serverNeeds(
      server.entry,
      server.config,
      configuration.secrets,
    );
    const shown = {
      ...server.entry,
      catalog: configuration.catalogs.origin.get(name),
      enabled: (await readRegistry(place.files.registry)).includes(name),
      state: { oauth, secrets, config, missingSecrets, missingConfig, values: server.config },
      ...(server.tools ? { enabledTools: server.tools } : {}),
    };
    await context.out(printed(shown, flags.format as "json" | "yaml"));
  },
};

/** `skiff mcp server inspect`. */
import type { Command, Invocation } from "../../core/cli/command.ts";
import { formatFlag } from "../../core/cli/format_flag.ts";
import { loadCatalogs } from "../../gateway/mcp/catalog/load_catalogs.ts";
import { loadConfiguration, unknownServer } from "../../gateway/mcp/configuration/configuration.ts";
import { serverNeeds } from "../../gateway/mcp/configuration/server_state.ts";
import { ofArtifact, ofImage } from "../../gateway/mcp/profiles/image_server.ts";
import { placeOf, printed } from "./place.ts";

export const serverInspectCommand: Command = {
  name: "inspect",
  summary: "Show all about a server",
  description:
    "Shows the entry of a server as its catalog has it, and what of its needs is given. No secrets.\n" +
    "Of an image or an artifact in a registry it shows what that says of its server.",
  args: [{
    name: "NAME",
    required: true,
    summary: "Name, or an image that describes its server",
    complete: async (context) => [...(await loadCatalogs(placeOf(context))).servers.keys()],
  }],
  flags: [formatFlag("json", "yaml")],
  async run(invocation) {
    const { context, args, flags } = invocation;
    const place = placeOf(context);
    const configuration = await loadConfiguration(place);
    const name = args.NAME as string;
    const server = await configuration.server(name);
    if (!server && /[/:@]/.test(name)) return await inspectReference(name, invocation);
    if (!server) throw unknownServer(name, configuration.catalogs);
    const { oauth, secrets, config, missingSecrets, missingConfig } = await serverNeeds(
      server.entry,
      server.config,
      configuration.secrets,
    );
    const shown = {
      ...server.entry,
      catalog: configuration.catalogs.origin.get(name),
      enabled: configuration.servers.some(({ entry }) => entry.name === name),
      state: { oauth, secrets, config, missingSecrets, missingConfig, values: server.config },
      ...(server.tools ? { enabledTools: server.tools } : {}),
    };
    await context.out(printed(shown, flags.format as "json" | "yaml"));
  },
};

/** An image that describes its server, else an artifact that does. */
async function inspectReference(reference: string, { context, flags }: Invocation): Promise<void> {
  const place = placeOf(context);
  const format = flags.format as "json" | "yaml";
  try {
    const { entry, config } = await (await loadConfiguration(place)).withValues(
      await ofImage(reference, place),
    );
    await context.out(printed({ ...entry, state: { values: config } }, format));
  } catch (error) {
    const artifact = await ofArtifact(reference, place).catch(() => undefined);
    if (!artifact) throw error;
    await context.out(printed(artifact, format));
  }
}

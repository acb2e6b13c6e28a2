/** What the Docker CLI asks of a plugin: installed as `docker-model` beside its others, skiff is `docker model`. */
import type { Command } from "../core/cli/command.ts";
import { pluginGroup } from "../core/process/called_as.ts";
import { version } from "../core/version.ts";

const descriptions: Record<string, string> = {
  model: "Run and manage models with skiff",
  sandbox: "Run coding agents in sandboxes with skiff",
  mcp: "Run MCP servers behind one gateway with skiff",
};

export const pluginMetadataCommand: Command = {
  name: "docker-cli-plugin-metadata",
  summary: "Describe this program to the Docker CLI",
  hidden: true,
  async run({ context }) {
    const metadata = {
      SchemaVersion: "0.1.0",
      Vendor: "skiff",
      Version: version,
      ShortDescription: descriptions[pluginGroup() ?? "model"],
    };
    await context.out(`${JSON.stringify(metadata)}\n`);
  },
};

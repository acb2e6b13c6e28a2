/** The tree of commands. Each entry is loaded when it is named. */
import type { Command } from "../core/cli/command.ts";

export const rootCommand: Command = {
  name: "skiff",
  summary: "Local models behind every API, from one file",
  commands: [
    {
      name: "model",
      summary: "Run and manage models",
      load: async () => (await import("./model/group.ts")).modelCommand,
    },
    {
      name: "sandbox",
      summary: "Run coding agents in sandboxes",
      load: async () => (await import("./sandbox/group.ts")).sandboxCommand,
    },
    {
      name: "mcp",
      summary: "Run MCP servers behind one gateway",
      load: async () => (await import("./mcp/group.ts")).mcpCommand,
    },
    {
      name: "serve",
      summary: "Run the model server in the foreground",
      load: async () => (await import("./serve.ts")).serveCommand,
    },
    {
      name: "system",
      summary: "Show what this machine has for skiff",
      load: async () => (await import("./system/group.ts")).systemCommand,
    },
    {
      name: "stop",
      summary: "Stop the background server",
      load: async () => (await import("./stop.ts")).stopCommand,
    },
    {
      name: "completion",
      summary: "Print a shell completion script",
      load: async () => (await import("./completion.ts")).completionCommand,
    },
    {
      name: "version",
      summary: "Show the version of skiff and what it is made of",
      load: async () => (await import("./version.ts")).versionCommand,
    },
    {
      name: "__complete",
      summary: "Print completion candidates",
      hidden: true,
      load: async () => (await import("./completion.ts")).candidatesCommand,
    },
    {
      name: "docker-cli-plugin-metadata",
      summary: "Describe this program to the Docker CLI",
      hidden: true,
      load: async () => (await import("./docker_plugin.ts")).pluginMetadataCommand,
    },
  ],
};

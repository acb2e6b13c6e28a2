/** `skiff mcp server`. */
import type { Command } from "../../core/cli/command.ts";

export const serverCommand: Command = {
  name: "server",
  summary: "Choose the servers behind the gateway",
  commands: [
    {
      name: "ls",
      aliases: ["list"],
      summary: "List the enabled servers",
      load: async () => (await import("./server_ls.ts")).serverLsCommand,
    },
    {
      name: "enable",
      aliases: ["add"],
      summary: "Enable servers",
      load: async () => (await import("./server_enable.ts")).serverEnableCommand,
    },
    {
      name: "disable",
      aliases: ["remove", "rm"],
      summary: "Disable servers",
      load: async () => (await import("./server_enable.ts")).serverDisableCommand,
    },
    {
      name: "inspect",
      summary: "Show all about a server",
      load: async () => (await import("./server_inspect.ts")).serverInspectCommand,
    },
    {
      name: "init",
      summary: "Begin an MCP server of your own",
      load: async () => (await import("./server_init.ts")).serverInitCommand,
    },
    {
      name: "reset",
      summary: "Disable all servers",
      load: async () => (await import("./server_enable.ts")).serverResetCommand,
    },
  ],
};

/** `skiff mcp tools`. */
import type { Command } from "../../core/cli/command.ts";

export const toolsCommand: Command = {
  name: "tools",
  summary: "Manage the servers' tools",
  commands: [
    {
      name: "enable",
      summary: "Switch tools on",
      load: async () => (await import("./tools_switch.ts")).toolsEnableCommand,
    },
    {
      name: "disable",
      summary: "Switch tools off",
      load: async () => (await import("./tools_switch.ts")).toolsDisableCommand,
    },
  ],
};

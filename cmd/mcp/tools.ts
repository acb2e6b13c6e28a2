/** `skiff mcp tools`. */
import type { Command } from "../../core/cli/command.ts";
import { gatewayClientFlags, toolsFormatFlag } from "./gateway_client_flags.ts";

export const toolsCommand: Command = {
  name: "tools",
  summary: "Manage the servers' tools",
  commonFlags: [toolsFormatFlag, ...gatewayClientFlags],
  commands: [
    {
      name: "ls",
      aliases: ["list"],
      summary: "List the tools that clients of the gateway see",
      load: async () => (await import("./tools_ls.ts")).toolsLsCommand,
    },
    {
      name: "count",
      summary: "Count the tools that clients of the gateway see",
      load: async () => (await import("./tools_count.ts")).toolsCountCommand,
    },
    {
      name: "inspect",
      summary: "Show all about a tool",
      load: async () => (await import("./tools_inspect.ts")).toolsInspectCommand,
    },
    {
      name: "call",
      summary: "Call a tool",
      load: async () => (await import("./tools_call.ts")).toolsCallCommand,
    },
    {
      name: "approve",
      summary: "Show tools that have changed since they were approved, and approve them",
      load: async () => (await import("./tools_approve.ts")).toolsApproveCommand,
    },
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

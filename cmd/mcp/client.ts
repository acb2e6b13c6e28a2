/** `skiff mcp client`. */
import type { Command } from "../../core/cli/command.ts";

export const clientCommand: Command = {
  name: "client",
  summary: "Connect MCP clients to the gateway",
  commands: [
    {
      name: "ls",
      aliases: ["list"],
      summary: "List clients: which are installed, which are connected",
      load: async () => (await import("./client_ls.ts")).clientLsCommand,
    },
    {
      name: "connect",
      summary: "Put the gateway into a client's configuration",
      load: async () => (await import("./client_connect.ts")).clientConnectCommand,
    },
    {
      name: "disconnect",
      summary: "Take the gateway out of a client's configuration",
      load: async () => (await import("./client_connect.ts")).clientDisconnectCommand,
    },
    {
      name: "manual-instructions",
      summary: "Show what to write into the configuration of any other client",
      hidden: true,
      load: async () => (await import("./client_connect.ts")).clientManualCommand,
    },
  ],
};

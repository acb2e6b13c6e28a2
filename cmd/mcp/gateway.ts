/** `skiff mcp gateway`. */
import type { Command } from "../../core/cli/command.ts";

export const gatewayCommand: Command = {
  name: "gateway",
  summary: "Run the gateway",
  commands: [
    {
      name: "run",
      summary: "Run the gateway for one client over stdio, or for many over HTTP",
      load: async () => (await import("./gateway_run.ts")).gatewayRunCommand,
    },
  ],
};

/** `skiff mcp version`. */
import type { Command } from "../../core/cli/command.ts";
import { version } from "../../core/version.ts";

export const versionCommand: Command = {
  name: "version",
  summary: "Show the version",
  async run({ context }) {
    await context.out(`${version}\n`);
  },
};

/** `skiff sandbox version`. */
import type { Command } from "../../core/cli/command.ts";
import { toSkiffError } from "../../core/errors/skiff_error.ts";
import { version } from "../../core/version.ts";
import { openWorld } from "./engine.ts";

export const versionCommand: Command = {
  name: "version",
  summary: "Show the versions of skiff and of the Docker Engine",
  async run({ context }) {
    await context.out(`Client Version: ${version}\n`);
    try {
      const { engineVersion, apiVersion, endpoint } = (await openWorld(context)).docker;
      await context.out(`Engine Version: ${engineVersion} (API ${apiVersion}, ${endpoint.url})\n`);
    } catch (error) {
      await context.out(`Engine: ${toSkiffError(error).message}\n`);
    }
  },
};

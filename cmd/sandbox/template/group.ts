/** `skiff sandbox template`. */
import type { Command } from "../../../core/cli/command.ts";

export const templateCommand: Command = {
  name: "template",
  summary: "Manage the images that sandboxes are made of",
  commands: [
    {
      name: "ls",
      aliases: ["list"],
      summary: "List the templates that are here",
      load: async () => (await import("./ls.ts")).lsCommand,
    },
    {
      name: "build",
      summary: "Build an agent's template on a base image",
      load: async () => (await import("./build.ts")).buildCommand,
    },
    {
      name: "save",
      summary: "Keep a sandbox as a template",
      load: async () => (await import("./save.ts")).saveCommand,
    },
    {
      name: "rm",
      aliases: ["remove"],
      summary: "Remove templates",
      load: async () => (await import("./rm.ts")).rmCommand,
    },
  ],
};

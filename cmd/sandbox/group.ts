/** `skiff sandbox`: the names and flags of `docker sandbox`. */
import type { Command } from "../../core/cli/command.ts";

export const sandboxCommand: Command = {
  name: "sandbox",
  summary: "Run coding agents in sandboxes",
  description: "Run coding agents in sandboxes: the agent gets one folder, and nothing else of this machine.",
  commands: [
    {
      name: "run",
      summary: "Run an agent in the sandbox of a folder",
      load: async () => (await import("./run.ts")).runCommand,
    },
    {
      name: "create",
      summary: "Make the sandbox of a folder without entering it",
      load: async () => (await import("./run.ts")).createCommand,
    },
    {
      name: "ls",
      aliases: ["list", "ps"],
      summary: "List the sandboxes",
      load: async () => (await import("./ls.ts")).lsCommand,
    },
    {
      name: "inspect",
      summary: "Show all about sandboxes as JSON",
      load: async () => (await import("./inspect.ts")).inspectCommand,
    },
    {
      name: "exec",
      summary: "Run a program in a sandbox",
      load: async () => (await import("./exec.ts")).execCommand,
    },
    {
      name: "cp",
      summary: "Copy files into or out of a sandbox",
      load: async () => (await import("./cp.ts")).cpCommand,
    },
    {
      name: "diff",
      summary: "Show what differs from the template",
      load: async () => (await import("./diff.ts")).diffCommand,
    },
    {
      name: "logs",
      summary: "Show what ran in a sandbox and what it reached",
      load: async () => (await import("./logs.ts")).logsCommand,
    },
    {
      name: "start",
      summary: "Start sandboxes that were stopped",
      load: async () => (await import("./start.ts")).startCommand,
    },
    {
      name: "stop",
      summary: "Stop sandboxes; what is in them stays",
      load: async () => (await import("./stop.ts")).stopCommand,
    },
    {
      name: "rm",
      aliases: ["remove"],
      summary: "Remove sandboxes",
      load: async () => (await import("./rm.ts")).rmCommand,
    },
    {
      name: "prune",
      summary: "Remove the sandboxes that do not run",
      load: async () => (await import("./prune.ts")).pruneCommand,
    },
    {
      name: "template",
      aliases: ["templates"],
      summary: "Manage the images that sandboxes are made of",
      load: async () => (await import("./template/group.ts")).templateCommand,
    },
    {
      name: "policy",
      summary: "Decide what sandboxes may reach",
      load: async () => (await import("./policy.ts")).policyCommand,
    },
    {
      name: "version",
      summary: "Show the versions of skiff and of the Docker Engine",
      load: async () => (await import("./version.ts")).versionCommand,
    },
  ],
};

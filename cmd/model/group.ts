/** `skiff model`: the names and flags of `docker model`. */
import type { Command } from "../../core/cli/command.ts";

export const modelCommand: Command = {
  name: "model",
  summary: "Run and manage models",
  commands: [
    {
      name: "run",
      summary: "Run a model: answer a prompt, or chat",
      load: async () => (await import("./run.ts")).runModelCommand,
    },
    {
      name: "pull",
      summary: "Get a model",
      load: async () => (await import("./pull.ts")).pullCommand,
    },
    {
      name: "list",
      aliases: ["ls"],
      summary: "List the models that are here",
      load: async () => (await import("./list.ts")).listCommand,
    },
    {
      name: "inspect",
      summary: "Show all about a model as JSON",
      load: async () => (await import("./inspect.ts")).inspectCommand,
    },
    {
      name: "show",
      summary: "Show what a model is",
      load: async () => (await import("./inspect.ts")).showCommand,
    },
    {
      name: "rm",
      summary: "Remove models",
      load: async () => (await import("./rm.ts")).rmCommand,
    },
    {
      name: "tag",
      summary: "Give a model another name",
      load: async () => (await import("./tag.ts")).tagCommand,
    },
    {
      name: "package",
      summary: "Make a model from a GGUF file",
      load: async () => (await import("./package.ts")).packageCommand,
    },
    {
      name: "ps",
      summary: "List the models that are loaded",
      load: async () => (await import("./ps.ts")).psCommand,
    },
    {
      name: "df",
      summary: "Show what models use of the disk",
      load: async () => (await import("./df.ts")).dfCommand,
    },
    {
      name: "unload",
      aliases: ["stop"],
      summary: "Take models out of memory",
      load: async () => (await import("./unload.ts")).unloadCommand,
    },
    {
      name: "configure",
      aliases: ["config"],
      summary: "Set how a model runs",
      load: async () => (await import("./configure.ts")).configureCommand,
    },
    {
      name: "logs",
      summary: "Show the server's and the engines' logs",
      load: async () => (await import("./logs.ts")).logsCommand,
    },
    {
      name: "requests",
      summary: "Show recent requests and answers",
      load: async () => (await import("./requests.ts")).requestsCommand,
    },
    {
      name: "status",
      summary: "Tell whether the server runs, and its engines",
      load: async () => (await import("./status.ts")).statusCommand,
    },
    {
      name: "version",
      summary: "Show the versions of client and server",
      load: async () => (await import("../version.ts")).versionCommand,
    },
    {
      name: "purge",
      summary: "Remove every model",
      load: async () => (await import("./purge.ts")).purgeCommand,
    },
    {
      name: "serve",
      summary: "Run the model server in the foreground",
      load: async () => (await import("../serve.ts")).serveCommand,
    },
    ...[
      "install-runner",
      "start-runner",
      "restart-runner",
      "reinstall-runner",
      "stop-runner",
      "uninstall-runner",
    ]
      .map((name) => ({
        name,
        summary: "Start or stop the server, by Docker Model Runner's names",
        hidden: true,
        load: async () => (await import("./runner_aliases.ts")).runnerAliases[name],
      })),
  ],
};

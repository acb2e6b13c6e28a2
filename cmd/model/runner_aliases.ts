/** Docker Model Runner's commands for its own service, which for skiff is the background server. */
import type { Command, Flag } from "../../core/cli/command.ts";
import { stopServer } from "../../gateway/client/connect.ts";
import { connectServer, serverUrl } from "./connection.ts";

const start = async (context: Parameters<NonNullable<Command["run"]>>[0]["context"]) => {
  const client = await connectServer(context);
  await context.out(`The skiff server runs at ${serverUrl(client, context)}\n`);
};

const models: Flag = { name: "models", summary: "Remove every model as well" };
const images: Flag = { name: "images", summary: "Accepted for compatibility: there are no images" };

function starting(name: string, stopFirst: boolean): Command {
  return {
    name,
    summary: "Start the server",
    async run({ context }) {
      if (stopFirst) await stopServer({ env: context.env });
      await start(context);
    },
  };
}

function stopping(name: string): Command {
  return {
    name,
    summary: "Stop the server",
    flags: [models, images],
    async run({ context, flags }) {
      if (flags.models) await (await connectServer(context)).purge();
      await stopServer({ env: context.env });
      await context.out("Stopped the skiff server.\n");
    },
  };
}

export const runnerAliases: Record<string, Command> = {
  "install-runner": starting("install-runner", false),
  "start-runner": starting("start-runner", false),
  "restart-runner": starting("restart-runner", true),
  "reinstall-runner": starting("reinstall-runner", true),
  "stop-runner": stopping("stop-runner"),
  "uninstall-runner": stopping("uninstall-runner"),
};

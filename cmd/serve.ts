/** `skiff serve`: the model server in the foreground; the background server is the same command. */
import type { Command } from "../core/cli/command.ts";
import { SkiffError } from "../core/errors/skiff_error.ts";

export const serveCommand: Command = {
  name: "serve",
  summary: "Run the model server in the foreground",
  flags: [
    { name: "port", short: "p", summary: "TCP port on loopback (default 12434)", value: "PORT" },
    { name: "socket", summary: "Unix socket (default: in the runtime folder)", value: "PATH" },
    { name: "models-path", summary: "Folder of the model store", value: "DIR" },
    { name: "background", summary: "Started by a command: log to the file, end when idle", hidden: true },
    { name: "preload", summary: "Load this model at once", value: "MODEL", hidden: true },
  ],
  async run({ context, flags }) {
    const { serve } = await import("../gateway/http/serve.ts");
    await serve({
      env: context.env,
      signal: context.signal,
      port: flags.port === undefined ? undefined : portOf(String(flags.port)),
      socket: flags.socket as string | undefined,
      modelsPath: flags["models-path"] as string | undefined,
      background: flags.background === true,
      preload: flags.preload as string | undefined,
      print: (text) => context.err(text),
    });
  },
};

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port < 65536) return port;
  throw new SkiffError("usage", `"${text}" is no port`, { hint: "Give a number up to 65535." });
}

/** `skiff serve`: the model server in the foreground; the background server is the same command. */
import type { Command, Invocation } from "../core/cli/command.ts";
import { SkiffError } from "../core/errors/skiff_error.ts";
import { skiffPaths } from "../core/paths/paths.ts";
import { engineFlag, engineOf } from "./model/engine_flag.ts";
import type { ServerOptions } from "../gateway/http/server.ts";

export const serveCommand: Command = {
  name: "serve",
  summary: "Run the model server in the foreground",
  flags: [
    { name: "port", short: "p", summary: "TCP port (default: MODEL_RUNNER_PORT, or 12434)", value: "PORT" },
    { name: "host", summary: "Address to listen on (default: this machine only)", value: "ADDRESS" },
    { name: "models-path", summary: "Folder of the model store (default: MODELS_PATH)", value: "DIR" },
    engineFlag("Engine of models that are not configured (default: SKIFF_ENGINE, or auto)"),
    { name: "background", summary: "As a background process", hidden: true },
    { name: "preload", summary: "Load this model at once", value: "MODEL" },
  ],
  async run(invocation) {
    const options = serverOptions(invocation);
    if (invocation.flags.background) {
      const { serveInBackground } = await import("../gateway/http/background.ts");
      return await serveInBackground(options);
    }
    const { startServer } = await import("../gateway/http/server.ts");
    const { context } = invocation;
    const server = await startServer({ ...options, onLog: (line) => void context.err(`${line}\n`) });
    await server.closed;
  },
};

function serverOptions({ context, flags }: Invocation): ServerOptions {
  const { env } = context;
  const paths = skiffPaths(env);
  const modelsPath = flags["models-path"] as string | undefined ?? env.get("MODELS_PATH");
  const engine = engineOf(flags.engine ?? env.get("SKIFF_ENGINE"));
  const host = flags.host as string | undefined;
  const origins = env.get("DMR_ORIGINS")?.split(",").map((origin) => origin.trim()).filter(Boolean) ?? [];
  return {
    paths,
    host,
    port: flags.port === undefined ? undefined : portOf(String(flags.port)),
    preload: flags.preload as string | undefined,
    signals: true,
    settings: { origins, public: host !== undefined, metrics: !env.get("DISABLE_METRICS") },
    parts: async ({ log }) => {
      const { localParts } = await import("../gateway/http/local_parts.ts");
      return await localParts({ paths, modelsPath, engine, log });
    },
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port < 65536) return port;
  throw new SkiffError("usage", `"${text}" is no port`, { hint: "Give a number up to 65535." });
}

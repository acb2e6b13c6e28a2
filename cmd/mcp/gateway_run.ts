/** `skiff mcp gateway run`. Its log is on stderr: stdout belongs to the protocol. */
import type { Command, Context } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { asTyped } from "../../core/process/called_as.ts";
import { type AssembledGateway, assembleGateway } from "../../gateway/mcp/gateway/assemble.ts";
import { GatewayLog } from "../../gateway/mcp/gateway/gateway_log.ts";
import { gatewayToken } from "../../gateway/mcp/gateway/http_access.ts";
import { serveStdio } from "../../gateway/mcp/gateway/stdio.ts";
import { watchFiles } from "../../gateway/mcp/gateway/watch.ts";
import { type FrontSettings, frontSettings, gatewayFlags, gatewaySettings } from "./gateway_flags.ts";
import { listenAt } from "./listen_at.ts";

export const gatewayRunCommand: Command = {
  name: "run",
  summary: "Run the gateway for one client over stdio, or for many over HTTP",
  description:
    "Runs the gateway: a client that is connected to it has the tools, prompts and resources of every " +
    "enabled server. Servers are started when they are needed, each in a container.",
  flags: gatewayFlags,
  examples: [
    "skiff mcp gateway run",
    "skiff mcp gateway run --transport streaming --port 8811",
    "skiff mcp gateway run --servers duckduckgo,notes --dry-run --verbose",
  ],
  async run({ context, flags }) {
    const front = frontSettings(flags, context);
    const logs = await openLogs(context, front.logFile);
    const log = (line: string) => logs.forEach((one) => one.line(line));
    const signal = AbortSignal.any([context.signal, await hangup(), dockerGone(context.env)]);
    let assembled: AssembledGateway | undefined;
    try {
      assembled = await assembleGateway(gatewaySettings(flags, context, log));
      if (assembled.gateway.servers.length === 0) {
        log(asTyped("> No server is enabled. Enable one: `skiff mcp server enable NAME`"));
      }
      if (front.dryRun) return await dryRun(assembled, log, signal);
      if (front.watch) watch(assembled, signal, log);
      if (front.transport === "stdio") {
        if (context.stdinIsTerminal) tellTerminal(log);
        const { gateway } = assembled;
        await serveStdio((transport) => gateway.openSession(transport), {
          signal,
          log: (line) => gateway.serverLog("client", line),
        });
      } else await serveHttp(assembled, front, { env: context.env, signal }, log);
    } finally {
      await assembled?.close();
      await Promise.all(logs.map((one) => one.written()));
    }
    return 0;
  },
};

/** What a person who starts it by hand is to know: clients start it themselves. */
function tellTerminal(log: (line: string) => void): void {
  log("> The gateway waits for a client's messages on this terminal. Ctrl+C ends it.");
  log(asTyped("> Clients start one themselves: `skiff mcp client connect CLIENT -g`"));
  log("> For clients that come over HTTP: --transport streaming");
}

/** Aborted when its terminal or its session goes, unless that is ignored (`nohup`). */
async function hangup(): Promise<AbortSignal> {
  const gone = new AbortController();
  if (Deno.build.os === "windows") return gone.signal;
  const status = await Deno.readTextFile("/proc/self/status").catch(() => "");
  const ignored = /^SigIgn:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0";
  if ((Number(`0x${ignored.slice(-1)}`) & 1) === 0) Deno.addSignalListener("SIGHUP", () => gone.abort());
  return gone.signal;
}

/**
 * Aborted when the Docker CLI that runs this as its plugin is told to end: without a terminal it hands no signal on, but
 * closes this socket (docker/cli, cli-plugins/socket). Of Linux it is an abstract one.
 */
function dockerGone(env: Context["env"]): AbortSignal {
  const gone = new AbortController();
  const path = env.get("DOCKER_CLI_PLUGIN_SOCKET");
  if (path) {
    Deno.connect({ transport: "unix", path: path.replace(/^@/, "\0") })
      .then(async (connection) => {
        while (await connection.read(new Uint8Array(64)) !== null); // nothing is said there
        gone.abort();
      }).catch(() => {}); // an older Docker CLI, or none
  }
  return gone.signal;
}

/** On stderr, and in a file where one is wanted. */
async function openLogs(context: Context, path: string | undefined): Promise<GatewayLog[]> {
  const logs = [new GatewayLog((text) => context.err(text))];
  if (path === undefined) return logs;
  const file = await Deno.open(path, { append: true, create: true }).catch((cause) => {
    throw new SkiffError("invalid_input", `The log cannot be written to ${path}: ${cause.message}`, {
      cause,
    });
  });
  return [...logs, new GatewayLog((text) => Promise.resolve(writeWhole(file, text)))];
}

/** An asynchronous write resolves before the file has it, and is lost when the process ends then. */
function writeWhole(file: Deno.FsFile, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
}

/** All that servers offer, and which of them cannot be used; 1 when there is one. */
async function dryRun(
  { gateway, starter }: AssembledGateway,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const { listAll } = await import("../../gateway/mcp/gateway/list_all.ts");
  const found = await listAll(gateway, starter, signal);
  for (const { name, tools, prompts, resources, templates } of found.listed) {
    log(`- ${name}: ${tools} tools, ${prompts} prompts, ${resources} resources, ${templates} templates`);
  }
  for (const { name, error } of found.failed) log(`- ${name}: cannot be used: ${error}`);
  const total = found.listed.reduce((sum, { tools }) => sum + tools, 0);
  log(`> ${total} tools of ${found.listed.length} servers. Dry run: nothing is served.`);
  return found.failed.length > 0 ? 1 : 0;
}

function watch(
  { configuration, reload, readAt }: AssembledGateway,
  signal: AbortSignal,
  log: (line: string) => void,
): void {
  watchFiles(() => configuration().files, reload, signal, readAt).catch((error) =>
    log(`! Changes of the configuration are not seen: ${error.message}`)
  );
}

async function serveHttp(
  { gateway }: AssembledGateway,
  { transport, port, hostname, isPublic, unauthenticated }: FrontSettings,
  { env, signal }: Pick<Context, "env" | "signal">,
  log: (line: string) => void,
): Promise<void> {
  const { httpFront } = await import("../../gateway/mcp/gateway/http.ts");
  const { token, given } = gatewayToken(env);
  if (unauthenticated && isPublic) {
    log(
      `! Anybody who reaches ${hostname} can use all tools: --allow-unauthenticated on more than this machine`,
    );
  }
  const access = { token: unauthenticated ? undefined : token, public: isPublic, hosts: [] };
  const front = httpFront(gateway, { ...access, transport: transport as "sse" | "streaming" });
  const server = listenAt({ hostname, port }, front.fetch);
  const place = transport === "sse" ? "/sse" : "/mcp";
  log(`> Gateway: http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}${place}`);
  if (!unauthenticated && !given) log(`> Use Bearer token: Authorization: Bearer ${token}`);
  const ended = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => ended.resolve(), { once: true });
  await ended.promise;
  await front.close();
  await server.shutdown();
}

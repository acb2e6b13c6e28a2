/** Configured servers and gateways for tests, on programs of this folder. */
import type { EnabledServer } from "../../../gateway/mcp/configuration/enabled_server.ts";
import { defaultOptions, Gateway, type GatewayOptions } from "../../../gateway/mcp/gateway/gateway.ts";
import type { Client } from "../../../gateway/mcp/sdk.ts";
import { ServerStarter, type ServerStarterOptions } from "../../../gateway/mcp/servers/open_server.ts";
import type { ServerEntry } from "../../../gateway/mcp/catalog/server_entry.ts";
import { type ConnectOptions, connectTo, type ToldLines, toldLines } from "./told_lines.ts";

/** A server that is a TypeScript program of this folder. */
export function programServer(name: string, program: string, args: string[] = []): EnabledServer {
  const path = new URL(program, import.meta.url).pathname;
  const command = [Deno.execPath(), "run", "-A", "--no-check", "--quiet", path, ...args];
  return enabled({ name, type: "local", command });
}

export function fixtureServer(name = "fixture"): EnabledServer {
  return programServer(name, "fixture_server.ts");
}

export function enabled(entry: ServerEntry, config: Record<string, unknown> = {}): EnabledServer {
  return { entry, config, secrets: new Map() };
}

export interface TestGateway extends AsyncDisposable, Omit<ToldLines, "log"> {
  gateway: Gateway;
  /** A client of its own session. */
  connect(options?: ConnectOptions): Promise<Client>;
}

export function testGateway(
  servers: EnabledServer[],
  options: Partial<GatewayOptions> & Partial<Pick<ServerStarterOptions, "env" | "paths" | "blockNetwork">> =
    {},
): TestGateway {
  const { lines, line, log } = toldLines();
  const folder = Deno.makeTempDirSync({ prefix: "skiff-mcp-" });
  const env = options.env ?? Deno.env;
  const starter = new ServerStarter({
    env,
    paths: options.paths ?? { data: folder, config: folder, state: folder, cache: folder, runtime: folder },
    limits: { cpus: 1, memory: 2 * 2 ** 30 },
    blockNetwork: options.blockNetwork ?? false,
    isStatic: false,
    log,
  });
  const gateway = new Gateway(servers, {
    ...defaultOptions,
    listMs: 600_000, // a slow machine takes longer to start its servers than a client would wait
    open: (server, open) => starter.open(server, open),
    log: (server, line) => log(`${server ?? "gateway"}: ${line}`),
    serverLog: (server, line) => log(`[${server}] ${line}`),
    ...options,
  });
  return {
    gateway,
    lines,
    line,
    connect: (options) => connectTo(gateway, options),
    async [Symbol.asyncDispose]() {
      await gateway.close();
      await starter.close();
      await Deno.remove(folder, { recursive: true }).catch(() => {});
    },
  };
}

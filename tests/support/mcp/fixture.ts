/** Configured servers and gateways for tests, on programs of this folder. */
import type { EnabledServer } from "../../../gateway/mcp/configuration/enabled_server.ts";
import { defaultOptions, Gateway, type GatewayOptions } from "../../../gateway/mcp/gateway/gateway.ts";
import { Client, type ClientCapabilities, InMemoryTransport } from "../../../gateway/mcp/sdk.ts";
import { ServerStarter, type ServerStarterOptions } from "../../../gateway/mcp/servers/open_server.ts";
import type { ServerEntry } from "../../../gateway/mcp/catalog/server_entry.ts";

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

export interface TestGateway extends AsyncDisposable {
  gateway: Gateway;
  /** What was told, a line each. */
  lines: string[];
  /** Resolves with the first line that matches, told already or later. */
  line(pattern: RegExp): Promise<string>;
  /** A client of its own session. */
  connect(options?: { capabilities?: ClientCapabilities; prepare?(client: Client): void }): Promise<Client>;
}

export function testGateway(
  servers: EnabledServer[],
  options: Partial<GatewayOptions> & Partial<Pick<ServerStarterOptions, "env" | "paths" | "blockNetwork">> =
    {},
): TestGateway {
  const lines: string[] = [];
  const waiting = new Set<{ pattern: RegExp; found(line: string): void }>();
  const log = (line: string) => {
    lines.push(line);
    for (const one of waiting) if (one.pattern.test(line)) one.found(line);
  };
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
    open: (server, open) => starter.open(server, open),
    log: (server, line) => log(`${server ?? "gateway"}: ${line}`),
    serverLog: (server, line) => log(`[${server}] ${line}`),
    ...options,
  });
  return {
    gateway,
    lines,
    line(pattern) {
      const told = lines.find((line) => pattern.test(line));
      if (told !== undefined) return Promise.resolve(told);
      const { promise, resolve } = Promise.withResolvers<string>();
      const one = { pattern, found: resolve };
      waiting.add(one);
      return promise.finally(() => waiting.delete(one));
    },
    async connect({ capabilities = {}, prepare } = {}) {
      const [ours, theirs] = InMemoryTransport.createLinkedPair();
      await gateway.openSession(theirs);
      const client = new Client({ name: "test", version: "1" }, { capabilities });
      prepare?.(client);
      await client.connect(ours);
      return client;
    },
    async [Symbol.asyncDispose]() {
      await gateway.close();
      await starter.close();
      await Deno.remove(folder, { recursive: true }).catch(() => {});
    },
  };
}

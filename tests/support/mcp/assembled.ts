/** A gateway as `gateway run` assembles it, in a home of its own, with the fixture server in its catalog. */
import { assembleGateway, type GatewaySettings } from "../../../gateway/mcp/gateway/assemble.ts";
import { Client, type ClientCapabilities, InMemoryTransport } from "../../../gateway/mcp/sdk.ts";

const program = (name: string) => new URL(name, import.meta.url).pathname;

/** It takes longer to start its servers than a client would wait. */
const slowMachine = { listMs: 600_000 };

/** A catalog's entry of one of the programs in this folder. */
export function programEntry(name = "fixture_server.ts", args: string[] = []): Record<string, unknown> {
  const command = [Deno.execPath(), "run", "-A", "--no-check", "--quiet", program(name), ...args];
  return { title: name, description: `Runs ${name}`, type: "local", command };
}

export interface AssembledOptions {
  /** Entries by name; default: `fixture`. */
  catalog?: Record<string, unknown>;
  /** `--servers`; absent: dynamic tools are on and no server is enabled. */
  servers?: string[];
  features?: Record<string, string>;
  /** Values of secrets, by the names that entries declare. */
  secrets?: Record<string, string>;
  /** Files below the home, written before the start. */
  files?: Record<string, string>;
  settings?: Partial<Omit<GatewaySettings, "configuration" | "log">>;
}

export interface ConnectOptions {
  /** What the client calls itself. */
  name?: string;
  capabilities?: ClientCapabilities;
  /** Called before the client shakes hands. */
  prepare?(client: Client): void;
}

export interface CallAnswer {
  text: string;
  isError: boolean;
}

/** Dispose of it with `await using`. */
export async function assembledGateway(
  { catalog, servers, features, secrets = {}, files, settings }: AssembledOptions = {},
) {
  const home = await Deno.makeTempDir({ prefix: "skiff-gateway-" });
  const written = {
    ".docker/config.json": JSON.stringify({ features: features ?? {} }),
    "catalog.yaml": JSON.stringify({ registry: catalog ?? { fixture: programEntry() } }),
    "secrets.env": Object.entries(secrets).map(([name, value]) => `${name}=${value}\n`).join(""),
    ...files,
  };
  for (const [path, text] of Object.entries(written)) await writeBelow(home, path, text);
  const values: Record<string, string> = {
    HOME: home,
    SKIFF_HOME: `${home}/skiff`,
    PATH: Deno.env.get("PATH")!,
    SKIFF_MCP_SECRETS: "file",
  };
  const lines: string[] = [];
  const assembled = await assembleGateway({
    configuration: {
      env: { get: (name: string) => values[name] },
      cwd: home,
      catalogs: [`${home}/catalog.yaml`],
      servers,
      secrets: `${home}/secrets.env`,
    },
    cpus: 1,
    memory: 2 ** 31,
    blockNetwork: false,
    debugDns: false,
    longLived: false,
    isStatic: false,
    verbose: false,
    strictNames: false,
    logCalls: true,
    blockSecrets: true,
    refuseChangedTools: false,
    verifySignatures: false,
    interceptors: [],
    patience: slowMachine,
    ...settings,
    log: (line: string) => lines.push(line),
  });
  return {
    ...assembled,
    home,
    lines,
    /** When the gateway has written what it keeps of the tools that it has seen: both may be the same file. */
    write: async (path: string, text: string) => {
      await assembled.gateway.guard.written();
      await writeBelow(home, path, text);
    },
    async connect({ name = "test", capabilities, prepare }: ConnectOptions = {}) {
      const [ours, theirs] = InMemoryTransport.createLinkedPair();
      await assembled.gateway.openSession(theirs);
      const client = new Client({ name, version: "1" }, { capabilities });
      prepare?.(client);
      await client.connect(ours);
      return {
        client,
        names: async () => (await client.listTools()).tools.map(({ name }) => name),
        call: async (name: string, args: Record<string, unknown> = {}): Promise<CallAnswer> => {
          const result = await client.callTool({ name, arguments: args }) as any;
          return { text: result.content[0]?.text as string, isError: result.isError === true };
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await assembled.close();
      await Deno.remove(home, { recursive: true });
    },
  };
}

async function writeBelow(home: string, path: string, text: string): Promise<void> {
  const file = `${home}/${path}`;
  await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(file, text);
}

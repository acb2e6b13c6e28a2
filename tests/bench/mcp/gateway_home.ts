/** A home with a catalog for the executable's gateway, and clients of the SDK for it and for servers without it. */
import { Client } from "@modelcontextprotocol/sdk/client";
// @ts-types="@modelcontextprotocol/sdk/client/stdio"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import type { ServerEntry } from "../../../gateway/mcp/catalog/server_entry.ts";

export interface Program {
  command: string;
  args: string[];
}

export interface GatewayHome extends AsyncDisposable {
  env: Record<string, string>;
  folder: string;
  /** `skiff mcp gateway run` for these servers of the catalog. */
  gateway(servers: string[], args?: string[]): Program;
}

export async function gatewayHome(
  { executable, entries, host }: { executable: string; entries: ServerEntry[]; host?: string },
): Promise<GatewayHome> {
  const folder = await Deno.makeTempDir({ prefix: "skiff-bench-mcp-" });
  const catalog = `${folder}/catalog.yaml`;
  const registry = Object.fromEntries(entries.map((entry) => [entry.name, { description: "", ...entry }]));
  await Deno.writeTextFile(
    catalog,
    JSON.stringify({ version: 2, name: "bench", displayName: "bench", registry }),
  );
  const env: Record<string, string> = {
    HOME: folder,
    PATH: Deno.env.get("PATH") ?? "",
    SKIFF_MCP_SECRETS: "file",
  };
  if (host) env.DOCKER_HOST = host;
  return {
    env,
    folder,
    gateway: (servers, args = []) => ({
      command: executable,
      args: ["mcp", "gateway", "run", "--catalog", catalog, "--servers", servers.join(","), ...args],
    }),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

export interface Connected extends AsyncDisposable {
  client: Client;
  pid: number;
}

/** Starts a program and shakes hands with it over its stdio. */
export async function connect(
  { command, args }: Program,
  env: Record<string, string>,
  prepare?: (client: Client) => void,
): Promise<Connected> {
  const transport = new StdioClientTransport({ command, args, env, stderr: "ignore" });
  const client = new Client({ name: "bench", version: "1" });
  prepare?.(client);
  await client.connect(transport);
  return { client, pid: transport.pid!, [Symbol.asyncDispose]: () => client.close() };
}

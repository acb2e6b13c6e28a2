/** A user's home with remote servers in a catalog, and a gateway on it as `gateway run` makes it. */
import { type AssembledGateway, assembleGateway } from "../../../gateway/mcp/gateway/assemble.ts";
import { watchFiles } from "../../../gateway/mcp/gateway/watch.ts";
import type { ServerEntry } from "../../../gateway/mcp/catalog/server_entry.ts";
import { type ToolkitFiles, toolkitFiles } from "../../../gateway/mcp/configuration/toolkit_files.ts";
import { type OAuthParts, oauthParts } from "../../../gateway/mcp/oauth/oauth_parts.ts";
import type { Client } from "../../../gateway/mcp/sdk.ts";
import { type ConnectOptions, connectTo, type ToldLines, toldLines } from "./told_lines.ts";

export interface OAuthHome extends AsyncDisposable {
  home: string;
  env: { get(name: string): string | undefined };
  variables: Record<string, string>;
  files: ToolkitFiles;
  parts: OAuthParts;
  /** A gateway of its own; `watch` as the flag. */
  gateway(options?: { watch?: boolean }): Promise<HomeGateway>;
}

export interface HomeGateway extends AsyncDisposable, Omit<ToldLines, "log"> {
  assembled: AssembledGateway;
  connect(options?: ConnectOptions): Promise<Client>;
}

/** All of `servers` are enabled. Secrets are in the file, http and loopback are allowed. */
export async function oauthHome(
  servers: ServerEntry[],
  { variables = {}, features = {}, secrets = {}, config = {}, enabled = true, credsStore }: {
    variables?: Record<string, string>;
    features?: Record<string, string>;
    secrets?: Record<string, string>;
    config?: Record<string, unknown>;
    enabled?: boolean;
    credsStore?: string;
  } = {},
): Promise<OAuthHome> {
  const home = await Deno.makeTempDir({ prefix: "skiff-oauth-" });
  const all: Record<string, string> = {
    HOME: home,
    PATH: Deno.env.get("PATH")!,
    SKIFF_HOME: `${home}/skiff`,
    SKIFF_MCP_SECRETS: "file",
    DOCKER_MCP_ALLOW_INSECURE_REMOTE_URLS: "1",
    ...variables,
  };
  const env = { get: (name: string) => all[name] };
  const files = toolkitFiles({ get: (name) => all[name] });
  await Deno.mkdir(files.catalogs, { recursive: true });
  const registry = Object.fromEntries(servers.map((server) => [server.name, server]));
  await Deno.writeTextFile(`${files.catalogs}/test.yaml`, JSON.stringify({ registry }));
  await Deno.writeTextFile(
    files.catalogList,
    JSON.stringify({ catalogs: { test: { displayName: "Test", url: "" } } }),
  );
  await Deno.writeTextFile(files.dockerConfig, JSON.stringify({ features, credsStore }));
  await Deno.writeTextFile(files.config, JSON.stringify(config));
  if (Object.keys(secrets).length > 0) {
    await Deno.writeTextFile(files.secrets, JSON.stringify({ secrets }), { mode: 0o600 });
  }
  const names = enabled ? servers.map(({ name }) => [name, { ref: "" }]) : [];
  await Deno.writeTextFile(files.registry, JSON.stringify({ registry: Object.fromEntries(names) }));
  return {
    home,
    env,
    variables: all,
    files,
    parts: await oauthParts({ files, env }),
    gateway: (options) => homeGateway(env, home, options),
    async [Symbol.asyncDispose]() {
      await Deno.remove(home, { recursive: true });
    },
  };
}

async function homeGateway(
  env: OAuthHome["env"],
  cwd: string,
  { watch = false }: { watch?: boolean } = {},
): Promise<HomeGateway> {
  const { lines, line, log } = toldLines();
  const assembled = await assembleGateway({
    configuration: { env, cwd },
    cpus: 1,
    memory: 2 ** 31,
    blockNetwork: false,
    debugDns: false,
    longLived: false,
    isStatic: false,
    verbose: true,
    strictNames: false,
    logCalls: false,
    blockSecrets: true,
    refuseChangedTools: false,
    verifySignatures: false,
    interceptors: [],
    log,
  });
  const ended = new AbortController();
  const watching = watch
    ? watchFiles(() => assembled.configuration().files, assembled.reload, ended.signal, assembled.readAt)
    : Promise.resolve();
  return {
    assembled,
    lines,
    line,
    connect: (options) => connectTo(assembled.gateway, options),
    async [Symbol.asyncDispose]() {
      ended.abort();
      await watching;
      await assembled.close();
    },
  };
}

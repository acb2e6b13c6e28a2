/** A gateway out of the user's configuration: what `gateway run` and everything that needs its tools start from. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { exists } from "../../../core/paths/exists.ts";
import { skiffPaths } from "../../../core/paths/paths.ts";
import { printableLine } from "../../../core/terminal/printable.ts";
import {
  type ConfigurationOptions,
  loadConfiguration,
  type LoadedConfiguration,
  toolAllowed,
} from "../configuration/configuration.ts";
import { fetchText } from "../catalog/catalog_source.ts";
import { fromServerJson } from "../catalog/community_registry.ts";
import type { ServerEntry } from "../catalog/server_entry.ts";
import { loginMarker } from "../oauth/oauth_parts.ts";
import { toolkitFiles } from "../configuration/toolkit_files.ts";
import { ofImage } from "../profiles/image_server.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import { Redaction } from "../security/known_secrets.ts";
import { withLastWords } from "../servers/last_words.ts";
import { ServerStarter } from "../servers/open_server.ts";
import { startWords } from "../servers/start_words.ts";
import { type CallChain, callChain, type CallChainSettings } from "./call_chain.ts";
import { defaultOptions, Gateway, type GatewayOptions, isToolOn } from "./gateway.ts";

export interface GatewaySettings extends CallChainSettings {
  configuration: ConfigurationOptions;
  /** Images that describe their servers (`--oci-ref`). */
  images?: string[];
  /** Addresses of servers in community registries (`--mcp-registry`). */
  registryUrls?: string[];
  cpus: number;
  /** Bytes. */
  memory: number;
  blockNetwork: boolean;
  longLived: boolean;
  isStatic: boolean;
  /** Tell what servers write to stderr. */
  verbose: boolean;
  /** Tell to which addresses the names of remote servers resolve. */
  debugDns: boolean;
  strictNames: boolean;
  /** Lists show what the policy and the pins of tools refuse, too, marked. */
  listRefused?: boolean;
  /** What clients call it. */
  name?: string;
  /** Where it is to wait longer or less long than gateways do. */
  patience?: Partial<Pick<GatewayOptions, "listMs" | "catchUpMs">>;
}

export interface AssembledGateway {
  gateway: Gateway;
  starter: ServerStarter;
  chain: CallChain;
  /** When its files were first read; ms since the epoch. */
  readAt: number;
  /** The configuration that holds now. */
  configuration(): LoadedConfiguration;
  /** Reads it anew; a broken one is told and the old one stays. */
  reload(): Promise<void>;
  /** Ends sessions, servers and connections. */
  close(): Promise<void>;
}

/** Nothing is started yet. Throws what `loadConfiguration` throws. */
export async function assembleGateway(settings: GatewaySettings): Promise<AssembledGateway> {
  const { env } = settings.configuration;
  const redaction = new Redaction();
  const log = (line: string) => settings.log(redaction.clean(line));
  const paths = skiffPaths(env);
  const extra = await extraEntries(settings);
  const load = async () => {
    const loaded = await loadConfiguration(settings.configuration);
    const named = new Set(loaded.servers.map(({ entry }) => entry.name));
    const further = extra.filter(({ name }) => !named.has(name)).map(loaded.withValues);
    const servers = [...loaded.servers, ...await Promise.all(further)];
    for (const server of servers) redaction.learn(server);
    return { ...loaded, servers, files: [...loaded.files, loginMarker(paths)] };
  };
  const readAt = Date.now();
  await Deno.mkdir(`${paths.state}/mcp`, { recursive: true, mode: 0o700 }); // where logins are told (loginMarker)
  let configuration = await load();
  const features = JSON.stringify(configuration.features);
  if (settings.verbose) await tellRead(configuration, log);
  for (const warning of configuration.warnings) log(`! ${warning}`);
  const chain = await callChain({ ...settings, log }, {
    configuration: () => configuration,
    reload: () => reload(),
    redaction,
  });
  const started = () => {
    chain.policy.refresh();
    return configuration.servers.filter((server) => {
      const refused = chain.policy.refusal(server, "load");
      if (refused !== undefined) log(`! ${server.entry.name} is not started: ${refused}`);
      return refused === undefined;
    });
  };
  const starter = new ServerStarter({
    env,
    paths,
    limits: { cpus: settings.cpus, memory: settings.memory },
    blockNetwork: settings.blockNetwork,
    isStatic: settings.isStatic,
    log,
    starts: settings.verbose
      ? (spec) => log(printableLine(`- ${spec.server.entry.name}: starts ${startWords(spec)}`))
      : undefined,
    debugDns: settings.debugDns,
    verifyImage: chain.verifyImage,
    oauth: chain.oauth.authorize,
  });
  const isOn = (server: EnabledServer, tool: string) => {
    const { toolPatterns } = configuration;
    return toolPatterns.length > 0 ? toolAllowed(toolPatterns, server.entry, tool) : isToolOn(server, tool);
  };
  const gateway = new Gateway(started(), {
    ...defaultOptions,
    ...settings.patience,
    open: (server, options) => {
      redaction.learn(server);
      const clean = (line: string) => redaction.clean(line);
      return withLastWords(options, clean, (heard) => starter.open(server, heard));
    },
    middlewares: chain.middlewares,
    telemetry: chain.telemetry,
    guards: chain.guards,
    listRefused: settings.listRefused ?? false,
    extensions: chain.extensions,
    logins: chain.oauth.desk,
    isOn,
    prefixNames: configuration.features["tool-name-prefix"] ?? false,
    strictNames: settings.strictNames,
    longLived: settings.longLived,
    cacheFolder: `${paths.cache}/mcp/inventories`,
    name: settings.name ?? defaultOptions.name,
    log: (server, line) => log(server === undefined ? `! ${line}` : `- ${server}: ${line}`),
    serverLog: (server, line) => settings.verbose && log(`  [${server}] ${line}`),
  });
  chain.telemetry?.count("mcp.gateway.starts", {});
  const reload = async () => {
    try {
      configuration = stillWhole(configuration, await load());
    } catch (error) {
      log(`! The configuration stays as it was: ${(error as Error).message}`);
      return;
    }
    for (const warning of configuration.warnings) log(`! ${warning}`);
    if (JSON.stringify(configuration.features) !== features) {
      log("! Features that are switched hold from the next start of the gateway on");
    }
    await chain.oauth.reloaded(configuration.servers);
    await gateway.configure(started());
    log(`> Configuration reloaded: ${configuration.servers.length} servers are enabled`); // it holds by now
  };
  await chain.oauth.reloaded(configuration.servers);
  return {
    gateway,
    starter,
    chain,
    readAt,
    configuration: () => ({ ...configuration, files: [...configuration.files, chain.policy.path] }),
    reload,
    async close() {
      await gateway.close();
      await chain.oauth.close();
      await Promise.all([starter.close(), chain.telemetry?.close()]);
    },
  };
}

/** What is read and what it enables. */
async function tellRead(
  { files, servers }: LoadedConfiguration,
  log: (line: string) => void,
): Promise<void> {
  for (const path of files) if (await exists(path)) log(`- Read ${path}`);
  const names = servers.map(({ entry }) => entry.name).join(", ");
  log(printableLine(`- Enabled servers: ${names || "none"}`));
}

/** The new configuration. Throws when a catalog has become unreadable: it may be half written. */
function stillWhole(old: LoadedConfiguration, now: LoadedConfiguration): LoadedConfiguration {
  const broken = now.catalogs.broken.find((name) => !old.catalogs.broken.includes(name));
  if (broken === undefined) return now;
  const why = now.warnings.find((line) => line.includes(`"${broken}" is left out`));
  throw new SkiffError("invalid_input", why ?? `The catalog "${broken}" cannot be read`);
}

/** Servers that the command line names itself. Throws when one cannot be had. */
async function extraEntries(
  { configuration, images, registryUrls }: GatewaySettings,
): Promise<ServerEntry[]> {
  const { env, cwd } = configuration;
  const place = { files: toolkitFiles(env), env, cwd };
  return await Promise.all([
    ...(images ?? []).map((image) => ofImage(image, place)),
    ...(registryUrls ?? []).map(async (url) => fromServerJson(await fetchText(url, env), url)),
  ]);
}

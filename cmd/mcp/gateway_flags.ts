/** The flags of `gateway run`, and the settings that they say. */
import type { Context, Flag, Invocation } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { parseCpus, parseMemory } from "../../core/sandbox/quantity.ts";
import type { GatewaySettings } from "../../gateway/mcp/gateway/assemble.ts";

/** A switch that can be said to be off: `--log-calls=false`. */
function toggle(name: string, summary: string): Flag {
  return { name, summary, value: "BOOL", optionalValue: true };
}

function list(name: string, value: string, summary: string): Flag {
  return { name, summary, value, repeatable: true };
}

export const gatewayFlags: Flag[] = [
  list("servers", "NAMES", "Exactly these servers, with commas between (switches dynamic tools off)"),
  { name: "profile", summary: "Servers, values and tools of a profile", value: "ID" },
  { name: "enable-all-servers", summary: "Every server of the catalogs" },
  list("catalog", "CATALOGS", "Catalogs in place of the configured ones: names, files or URLs"),
  list("additional-catalog", "CATALOGS", "Catalogs beside the configured ones"),
  list("registry", "FILES", "Files that say which servers are enabled"),
  list("additional-registry", "FILES", "Further such files"),
  list("config", "FILES", "Files with the values of servers"),
  list("additional-config", "FILES", "Further such files"),
  list("tools-config", "FILES", "Files that say which tools are enabled"),
  list("additional-tools-config", "FILES", "Further such files"),
  {
    name: "secrets",
    summary: "Where secrets are looked for, with colons between: docker-desktop, .env files",
    value: "PLACES",
  },
  list("tools", "TOOLS", "Only these tools: tool, server:tool, server:*"),
  list("interceptor", "WHEN:TYPE:ARG", "What looks at tool calls: before or after; exec, docker or http"),
  list("oci-ref", "IMAGE", "An image that describes its server"),
  list("mcp-registry", "URLS", "Servers of community registries"),
  { name: "transport", summary: "stdio, sse or streaming", value: "TRANSPORT", default: "stdio" },
  { name: "port", summary: "TCP port of sse and streaming (default 8811)", value: "PORT" },
  {
    name: "host",
    summary: "Address to listen at (default: this machine only; in a container all)",
    value: "HOST",
  },
  toggle("allow-unauthenticated", "No bearer token over HTTP"),
  toggle("log-calls", "Log tool calls (default true)"),
  toggle("block-secrets", "Refuse tool calls and results with secrets in them (default true)"),
  toggle("refuse-changed-tools", "Leave tools out that are described otherwise than when they were approved"),
  toggle("block-network", "Let servers with allowHosts reach nothing else"),
  toggle("verify-signatures", "Verify the signatures of Docker's images (default true)"),
  { name: "cpus", summary: "Processors of each server's container", value: "N", default: "1" },
  { name: "memory", summary: "Memory of each server's container", value: "SIZE", default: "2Gb" },
  toggle("long-lived", "Keep servers until their client goes"),
  toggle("static", "Servers run already, at mcp-NAME:4444"),
  toggle("watch", "Take changes of the configuration without a restart (default true)"),
  toggle("strict-names", "Leave a tool out whose name another server has, instead of renaming it"),
  { name: "name", summary: "Name that clients are told", value: "NAME" },
  { name: "dry-run", summary: "Pull, verify and list what the servers offer, then end" },
  toggle("verbose", "Show what servers write to their logs"),
  toggle("debug-dns", "Show to which addresses names of remote servers resolve"),
  { name: "list-refused", summary: "List what the policy refuses, too, marked", hidden: true },
  { name: "log", summary: "Write the log to a file, too", value: "FILE", hidden: true },
];

/** Which front, and how. */
export interface FrontSettings {
  transport: "stdio" | "sse" | "streaming";
  port: number;
  hostname: string;
  isPublic: boolean;
  unauthenticated: boolean;
  dryRun: boolean;
  watch: boolean;
  logFile?: string;
}

type Flags = Invocation["flags"];

const chooseServers = [
  "servers",
  "enable-all-servers",
  "catalog",
  "additional-catalog",
  "registry",
  "additional-registry",
  "config",
  "additional-config",
  "tools-config",
  "additional-tools-config",
  "oci-ref",
  "mcp-registry",
];

/** Throws "usage" for flags that exclude each other or cannot be read. */
export function gatewaySettings(
  flags: Flags,
  { env }: Context,
  log: (line: string) => void,
): GatewaySettings {
  const isSet = (name: string) => flags[name] !== undefined && flags[name] !== false;
  const other = isSet("profile") ? chooseServers.find(isSet) : undefined;
  if (other) throw new SkiffError("usage", `--profile and --${other} exclude each other`);
  if (isSet("servers") && isSet("enable-all-servers")) {
    throw new SkiffError("usage", "--servers and --enable-all-servers exclude each other");
  }
  const inContainer = env.get("DOCKER_MCP_IN_CONTAINER") === "1";
  return {
    configuration: configurationOptions(flags, env),
    images: words(flags["oci-ref"]),
    registryUrls: words(flags["mcp-registry"]),
    cpus: parseCpus(String(flags.cpus)),
    memory: parseMemory(String(flags.memory)),
    blockNetwork: isOn(flags, "block-network", false),
    longLived: isOn(flags, "long-lived", false),
    isStatic: isOn(flags, "static", false),
    verbose: isOn(flags, "verbose", inContainer),
    debugDns: isOn(flags, "debug-dns", false),
    strictNames: isOn(flags, "strict-names", false),
    logCalls: isOn(flags, "log-calls", true),
    blockSecrets: isOn(flags, "block-secrets", true),
    refuseChangedTools: isOn(flags, "refuse-changed-tools", false),
    listRefused: flags["list-refused"] === true,
    verifySignatures: isOn(flags, "verify-signatures", true),
    interceptors: (flags.interceptor as string[] | undefined) ?? [],
    name: flags.name as string | undefined,
    log,
  };
}

function configurationOptions(flags: Flags, env: Context["env"]): GatewaySettings["configuration"] {
  const both = (name: string, standard: string) => {
    const further = words(flags[`additional-${name}`]);
    const own = words(flags[name]);
    return further ? [...(own ?? [standard]), ...further] : own;
  };
  return {
    env,
    cwd: Deno.cwd(),
    servers: words(flags.servers),
    enableAllServers: flags["enable-all-servers"] === true,
    catalogs: words(flags.catalog),
    additionalCatalogs: words(flags["additional-catalog"]),
    registry: both("registry", "registry.yaml"),
    config: both("config", "config.yaml"),
    toolsConfig: both("tools-config", "tools.yaml"),
    secrets: flags.secrets as string | undefined,
    tools: words(flags.tools),
    profile: flags.profile as string | undefined,
  };
}

/** Throws "usage" for an unknown transport, a wrong port, a port with stdio. */
export function frontSettings(flags: Flags, { env }: Context): FrontSettings {
  const inContainer = env.get("DOCKER_MCP_IN_CONTAINER") === "1";
  const transport = transportOf(String(flags.transport));
  const port = flags.port === undefined || flags.port === "0" ? undefined : Number(flags.port);
  if (port !== undefined && transport === "stdio") {
    throw new SkiffError("usage", "--port is for the transports sse and streaming");
  }
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65536)) {
    throw new SkiffError("usage", `--port ${flags.port} is no port`);
  }
  const hostname = (flags.host as string | undefined)?.replace(/^\[(.*)\]$/, "$1") ??
    (inContainer ? "0.0.0.0" : "127.0.0.1");
  return {
    transport,
    port: port ?? 8811,
    hostname,
    isPublic: !["127.0.0.1", "::1", "localhost"].includes(hostname),
    unauthenticated: isOn(flags, "allow-unauthenticated", false),
    dryRun: flags["dry-run"] === true,
    watch: isOn(flags, "watch", !inContainer) && !isOn(flags, "static", false),
    logFile: flags.log as string | undefined,
  };
}

function transportOf(text: string): FrontSettings["transport"] {
  if (text === "stdio" || text === "sse") return text;
  if (["streaming", "http", "streamable", "streamable-http"].includes(text)) return "streaming";
  throw new SkiffError("usage", `There is no transport "${text}"`, { hint: "Use stdio, sse or streaming." });
}

/** Throws "usage" for a value that is neither true nor false. */
export function isOn(flags: Flags, name: string, standard: boolean): boolean {
  const value = flags[name];
  if (value === undefined) return standard;
  if (typeof value === "boolean") return value;
  if (["true", "1", "t"].includes(String(value).toLowerCase())) return true;
  if (["false", "0", "f"].includes(String(value).toLowerCase())) return false;
  throw new SkiffError("usage", `--${name} is true or false, not "${value}"`);
}

/** Lists come with commas between, and repeated. */
function words(value: Flags[string]): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.flatMap((text) => text.split(",")).map((word) => word.trim()).filter((word) => word !== "");
}

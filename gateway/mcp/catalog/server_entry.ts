/**
 * A server as a catalog describes it, by the field names of Docker's MCP catalogs (v2, v3). Fields that are not
 * known here are kept by whoever reads and writes catalogs.
 */

/** `server`: a container that speaks stdio; `remote`: over HTTP; `poci`: one container a tool call; `local`: a command of this machine, not isolated. */
export type ServerType = "server" | "remote" | "poci" | "local";

export interface SecretEntry {
  /** "<server>.<key>" */
  name: string;
  /** The variable that the server reads it from. */
  env: string;
  example?: string;
  description?: string;
}

/** JSON-schema-like description of what the user configures. */
export interface ConfigEntry {
  name: string;
  description?: string;
  type?: string;
  properties?: Record<string, unknown>;
  required?: string[];
  [field: string]: unknown;
}

export interface ToolEntry {
  name: string;
  description?: string;
  arguments?: unknown[];
  annotations?: Record<string, unknown>;
  /** Of the type `poci`: what runs. */
  container?: { image: string; command?: string[]; volumes?: string[]; user?: string };
  parameters?: { type: string; properties?: Record<string, unknown>; required?: string[] };
  [field: string]: unknown;
}

export interface RemoteEntry {
  url: string;
  /** "sse", or "http", "streamable", "streaming", "streamable-http"; absent: streamable, then sse. */
  transport_type?: string;
  /** May use `${NAME}` of the server's secrets. */
  headers?: Record<string, string>;
}

export interface ServerEntry {
  name: string;
  title?: string;
  description?: string;
  icon?: string;
  readme?: string;
  /** Absent: by shape, see `serverType`. */
  type?: ServerType;
  image?: string;
  /** Arguments behind the image; `{{…}}` templates, then `$VAR`. Of the type `local`: program and arguments. */
  command?: string[];
  /** Of the type `local`: working directory. */
  cwd?: string;
  volumes?: string[];
  env?: { name: string; value: string }[];
  secrets?: SecretEntry[];
  config?: ConfigEntry[];
  remote?: RemoteEntry;
  /** Old form of `remote` with sse. */
  sseEndpoint?: string;
  oauth?: { providers?: { provider: string; secret?: string; env?: string }[]; scopes?: string[] };
  /** "host[:port][/tcp]" */
  allowHosts?: string[];
  disableNetwork?: boolean;
  extraHosts?: string[];
  user?: string;
  longLived?: boolean;
  /** Before the names of its tools. */
  prefix?: string;
  tools?: ToolEntry[];
  /** skiff's own: the tools that are on unless the user says which. In registries it is `tools` beside the snapshot. */
  allowedTools?: string[];
  metadata?: {
    pulls?: number;
    stars?: number;
    githubStars?: number;
    category?: string;
    tags?: string[];
    license?: string;
    owner?: string;
    registryUrl?: string;
    [field: string]: unknown;
  };
  [field: string]: unknown;
}

/** The kind of a server: as it says, else by its shape. Undefined when it has none. */
export function serverType(entry: ServerEntry): ServerType | undefined {
  if (entry.type) return entry.type;
  if (entry.image) return "server";
  if (entry.remote?.url || entry.sseEndpoint) return "remote";
  if (entry.tools?.some((tool) => tool.container?.image)) return "poci";
  return undefined;
}

/** A command of this machine, which can do what its user can; skiff's own (the Hub's server) is no stranger. */
export function isUnisolated(entry: ServerEntry): boolean {
  return serverType(entry) === "local" && entry.command?.[0] !== "skiff";
}

/** What is needed to start a server: an entry with every template resolved. */
import type { EnabledServer } from "../configuration/enabled_server.ts";

export interface ContainerSpec {
  kind: "container";
  server: EnabledServer;
  image: string;
  /** Arguments behind the image's entrypoint; empty: the image's own. */
  command: string[];
  /** "NAME=value"; secrets are among them. */
  env: string[];
  /** "source:target[:mode]", checked by bind_rules.ts. */
  binds: string[];
  user?: string;
  extraHosts: string[];
  /** What `--block-network` leaves; empty: no rule, an ordinary network. */
  allowHosts: string[];
  disableNetwork: boolean;
}

export interface RemoteSpec {
  kind: "remote";
  server: EnabledServer;
  url: string;
  transport: "sse" | "streamable" | "either";
  headers: Record<string, string>;
}

export interface LocalSpec {
  kind: "local";
  server: EnabledServer;
  /** Program and arguments. */
  command: string[];
  env: Record<string, string>;
  cwd?: string;
}

/** Tools that are one container a call; their templates are resolved with the call's arguments. */
export interface OneShotSpec {
  kind: "one-shot";
  server: EnabledServer;
  env: string[];
}

/** A server that somebody else runs in the same network, `--static`. */
export interface StaticSpec {
  kind: "static";
  server: EnabledServer;
  hostname: string;
  port: number;
}

export type ServerSpec = ContainerSpec | RemoteSpec | LocalSpec | OneShotSpec | StaticSpec;

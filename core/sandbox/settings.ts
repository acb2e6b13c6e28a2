/**
 * What a person asked a sandbox to be: the flags of `sandbox run`, parsed and resolved. It is kept as a label,
 * so that a later run can tell what differs.
 */
import type { CredentialsMode } from "./agents/agent.ts";
import type { NetworkMode, NetworkPolicy, Preset } from "./network/policy.ts";

export type DockerSocketChoice = "none" | "filtered" | "raw";

/** A mount besides the workspace. */
export interface VolumeSetting {
  type: "bind" | "volume";
  /** Absolute path on the host, or the name of a volume. */
  source: string;
  /** Absolute path in the sandbox; "~" stands for the home there. */
  target: string;
  readOnly: boolean;
}

export interface SandboxSettings {
  /** Image as given by --template; undefined for the agent's own. */
  template?: string;
  /** Base image that an embedded recipe is built on. */
  base?: string;
  env: Record<string, string>;
  volumes: VolumeSetting[];
  dockerSocket: DockerSocketChoice;
  credentials: CredentialsMode;
  network: NetworkMode;
  preset?: Preset;
  /** Rules as written: "example.com:443". */
  allow: string[];
  deny: string[];
  /** "auto", or a runtime of the Engine. */
  runtime: string;
  /** Bytes; undefined for the default. */
  memory?: number;
  cpus?: number;
  pids?: number;
  /** The agent may write hooks and configuration of Git and of editors. */
  allowGit: boolean;
  /** Work on a private clone. */
  clone: boolean;
  /** Local model that answers. */
  model?: string;
  /** Port on loopback, or unix socket, of the MCP gateway that the agent reaches. */
  mcp?: string;
}

export const defaultSettings: SandboxSettings = {
  env: {},
  volumes: [],
  dockerSocket: "none",
  credentials: "sandbox",
  network: "allow-list",
  allow: [],
  deny: [],
  runtime: "auto",
  allowGit: false,
  clone: false,
};

/** The policy that the settings ask for. `hosts`: what the agent's own service needs. */
export function policyOf({ network, preset, allow, deny }: SandboxSettings, hosts: string[]): NetworkPolicy {
  const own = network === "allow-list" && preset !== "locked" ? hosts : [];
  return {
    mode: network,
    ...(network === "allow-list" ? { preset: preset ?? "balanced" } : {}),
    allow: [...new Set([...allow, ...own])],
    deny,
  };
}

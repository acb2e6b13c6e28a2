/**
 * What a person asked a sandbox to be: the flags of `sandbox run`, parsed and resolved. It is kept as a label,
 * so that a later run can tell what differs.
 */
import type { CredentialsMode } from "./agents/agent.ts";

export type NetworkChoice = "none" | "model" | "allow-list" | "open";
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
  network: NetworkChoice;
  /** "open", "balanced" or "locked". */
  preset?: string;
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
  /** Whether the MCP gateway is reachable. */
  mcp: boolean;
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
  mcp: false,
};

/**
 * Labels on a sandbox's container. Sandboxes are found by these, never by name. Labels cannot change later, so
 * what changes (running, half made) is read from the container's state.
 */
import type { AgentContext } from "./agents/agent.ts";
import type { SandboxSettings } from "./settings.ts";

export const labels = {
  sandbox: "skiff.sandbox",
  workspace: "skiff.sandbox.workspace",
  agent: "skiff.sandbox.agent",
  name: "skiff.sandbox.name",
  template: "skiff.sandbox.template",
  settings: "skiff.sandbox.settings",
  created: "skiff.sandbox.created",
  credentials: "skiff.sandbox.credentials",
  network: "skiff.sandbox.net",
  /** Folder of the sandbox's sockets and policy; a new one for each container. */
  key: "skiff.sandbox.key",
  /** "uid:gid home" of the agent. */
  user: "skiff.sandbox.user",
  /** What the agent is told of models, gateways and credentials. */
  access: "skiff.sandbox.agent-access",
  /** How `.git` was found: "none", "folder" or "file". */
  git: "skiff.sandbox.git",
  version: "skiff.sandbox.version",
} as const;

/** On containers that live for a moment while a sandbox is made. What a killed skiff left is removed by the next. */
export const probeLabel = "skiff.sandbox.probe";

/** What of the agent's context is fixed when the sandbox is made. */
export type AgentAccess = Pick<AgentContext, "model" | "mcp" | "injection">;

/** What the labels say. */
export interface SandboxLabels {
  workspace: string;
  agent: string;
  name: string;
  /** Image that was used. */
  template: string;
  settings: SandboxSettings;
  /** ISO time. */
  created: string;
  key: string;
  uid: number;
  gid: number;
  home: string;
  access: AgentAccess;
  /** How `.git` was found; "" when it is not protected. */
  git: string;
  version: string;
}

export function writeLabels(of: SandboxLabels): Record<string, string> {
  return {
    [labels.sandbox]: "1",
    [labels.workspace]: of.workspace,
    [labels.agent]: of.agent,
    [labels.name]: of.name,
    [labels.template]: of.template,
    [labels.settings]: JSON.stringify(of.settings),
    [labels.created]: of.created,
    [labels.credentials]: of.settings.credentials,
    [labels.network]: of.settings.network,
    [labels.key]: of.key,
    [labels.user]: `${of.uid}:${of.gid} ${of.home}`,
    [labels.access]: JSON.stringify(of.access),
    [labels.git]: of.git,
    [labels.version]: of.version,
  };
}

/** Undefined for a container that is no sandbox of ours, or whose labels were tampered with. */
export function readLabels(of: Record<string, string> | undefined): SandboxLabels | undefined {
  const user = /^(\d+):(\d+) (.*)$/.exec(of?.[labels.user] ?? "");
  if (of?.[labels.sandbox] !== "1" || !user) return undefined;
  const settings = parseJson<SandboxSettings>(of[labels.settings]);
  const access = parseJson<AgentAccess>(of[labels.access]);
  if (!settings || !access) return undefined;
  return {
    workspace: of[labels.workspace],
    agent: of[labels.agent],
    name: of[labels.name],
    template: of[labels.template],
    settings,
    created: of[labels.created],
    key: of[labels.key],
    uid: Number(user[1]),
    gid: Number(user[2]),
    home: user[3],
    access,
    git: of[labels.git],
    version: of[labels.version],
  };
}

function parseJson<T>(text: string): T | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Filters for listing: all sandboxes, or those of a workspace and an agent. */
export function labelFilters(of: { workspace?: string; agent?: string } = {}): string[] {
  const filters = [`${labels.sandbox}=1`];
  if (of.workspace !== undefined) filters.push(`${labels.workspace}=${of.workspace}`);
  if (of.agent !== undefined) filters.push(`${labels.agent}=${of.agent}`);
  return filters;
}

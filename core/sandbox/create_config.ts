/** What the Engine is asked to create for a sandbox. Pure: everything was looked up before. */
import type { CreateContainerBody } from "../docker/types/container.ts";
import type { Mount } from "../docker/types/host_config.ts";
import type { SandboxLabels } from "./labels.ts";
import { writeLabels } from "./labels.ts";
import type { ProtectedMount } from "./protection.ts";

/** All that a create body is made of. */
export interface SandboxPlan {
  labels: SandboxLabels;
  /** Image id or reference. */
  image: string;
  /** In order of precedence, weakest first; each is NAME -> value. */
  env: Record<string, string>[];
  /** Host folder that is the workspace inside; undefined for a clone, which has none. */
  workspaceMount?: { source: string; target: string; readOnly: boolean };
  protected: ProtectedMount[];
  /** Credentials, volumes, sockets. */
  mounts: Mount[];
  networkMode: string;
  groups: string[];
  command: string[];
  extraLabels: Record<string, string>;
  runtime?: string;
  /** File with a seccomp profile in place of the Engine's own. */
  seccomp?: string;
  /** The Engine remaps users, which would make the workspace nobody's. */
  hostUsers: boolean;
  memory: number;
  /** Processors; undefined for all. */
  cpus?: number;
  pids: number;
}

export const defaultPids = 2048;
const eightGiB = 8 * 2 ** 30;

/** Half of the machine's memory, 8 GiB at most; `total` in bytes, 0 when it is not known. */
export function defaultMemory(total: number): number {
  return total > 0 ? Math.min(eightGiB, Math.floor(total / 2)) : eightGiB;
}

/** The body of `POST /containers/create`. */
export function createConfig(plan: SandboxPlan): CreateContainerBody {
  const { labels } = plan;
  return {
    Image: plan.image,
    Hostname: labels.name.replace(/[^a-zA-Z0-9-]/g, "-").slice(0, 63),
    User: `${labels.uid}:${labels.gid}`,
    WorkingDir: labels.workspace,
    Env: mergeEnvironment(plan.env),
    Entrypoint: [],
    Cmd: plan.command,
    Labels: { ...writeLabels(labels), ...plan.extraLabels },
    Tty: false,
    OpenStdin: false,
    StopSignal: "SIGTERM",
    StopTimeout: 5,
    Healthcheck: { Test: ["NONE"] }, // a template's own would start processes every now and then
    HostConfig: {
      Mounts: mountsOf(plan),
      NetworkMode: plan.networkMode,
      Init: true,
      ...(plan.runtime ? { Runtime: plan.runtime } : {}),
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true", ...(plan.seccomp ? [`seccomp=${plan.seccomp}`] : [])],
      GroupAdd: plan.groups,
      PidsLimit: plan.pids,
      Memory: plan.memory,
      MemorySwap: plan.memory, // the same: no swap on top
      ...(plan.cpus ? { NanoCpus: Math.round(plan.cpus * 1e9) } : {}),
      OomScoreAdj: 500,
      ShmSize: 256 * 2 ** 20,
      Ulimits: [{ Name: "core", Soft: 0, Hard: 0 }],
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
      RestartPolicy: { Name: "no" },
      IpcMode: "private",
      ...(plan.hostUsers ? { UsernsMode: "host" } : {}),
      Privileged: false,
      PublishAllPorts: false,
    },
  };
}

/** Workspace first, then its protected parts, then the rest: a later mount lies over an earlier one. */
function mountsOf({ workspaceMount, protected: parts, mounts }: SandboxPlan): Mount[] {
  const result: Mount[] = [];
  if (workspaceMount) {
    const { source, target, readOnly } = workspaceMount;
    result.push({ Type: "bind", Source: source, Target: target, ReadOnly: readOnly });
  }
  for (const { path, readOnly } of parts) {
    result.push({ Type: "bind", Source: path, Target: path, ReadOnly: readOnly });
  }
  return [...result, ...mounts];
}

/** `NAME=value` lines; a later map wins over an earlier one. */
export function mergeEnvironment(maps: Record<string, string>[]): string[] {
  return Object.entries(Object.assign({}, ...maps) as Record<string, string>).map(([name, value]) =>
    `${name}=${value}`
  );
}

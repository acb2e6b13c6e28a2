/** What the Engine is asked to make of a server: pure, so that what is isolated can be read and tested here. */
import type { CreateContainerBody } from "../../../core/docker/types/container.ts";
import type { BindMount } from "../../../core/sandbox/network/access.ts";
import type { ContainerSpec } from "./server_spec.ts";

export interface ContainerLimits {
  cpus: number;
  /** Bytes. */
  memory: number;
}

export interface ContainerSettings extends ContainerLimits {
  /** Which gateway it belongs to (container_owner.ts). */
  owner: string;
  /** In a container of Docker-in-Docker (`DOCKER_MCP_IN_DIND=1`). */
  privileged?: boolean;
  /** Default: the Engine's. */
  networkMode?: string;
  /** Beside the server's own. */
  env?: string[];
  mounts?: BindMount[];
}

export const ownerLabel = "skiff.mcp.gateway";

/** Labels as Docker's gateway has them, and which gateway it is. */
export function containerLabels(name: string, owner: string): Record<string, string> {
  return {
    "docker-mcp": "true",
    "docker-mcp-tool-type": "mcp",
    "docker-mcp-name": name,
    "docker-mcp-transport": "stdio",
    [ownerLabel]: owner,
  };
}

/** A container that lives as long as somebody is attached to its stdin. */
export function containerBody(spec: ContainerSpec, settings: ContainerSettings): CreateContainerBody {
  const shared = settings.networkMode?.startsWith("container:");
  return {
    Image: spec.image,
    ...(spec.command.length > 0 ? { Cmd: spec.command } : {}),
    Env: [...(settings.env ?? []), ...spec.env],
    ...(spec.user ? { User: spec.user } : {}),
    Labels: containerLabels(spec.server.entry.name, settings.owner),
    Tty: false,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      AutoRemove: true,
      Init: true,
      SecurityOpt: ["no-new-privileges"],
      NanoCpus: Math.round(settings.cpus * 1e9),
      Memory: settings.memory,
      LogConfig: { Type: "none" }, // its answers are not to be kept on the Engine's disk
      ...(settings.privileged ? { Privileged: true } : {}),
      ...(spec.disableNetwork
        ? { NetworkMode: "none" }
        : settings.networkMode
        ? { NetworkMode: settings.networkMode }
        : {}),
      ...(spec.binds.length > 0 ? { Binds: spec.binds } : {}),
      ...(settings.mounts?.length ? { Mounts: settings.mounts } : {}),
      ...(spec.extraHosts.length > 0 && !shared ? { ExtraHosts: spec.extraHosts } : {}),
    },
  };
}

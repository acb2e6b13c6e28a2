/** Containers and processes in them, by the Engine API's own names (1.41 to 1.56). */
import type { HostConfig } from "./host_config.ts";
import type { EndpointSettings } from "./network.ts";

export interface HealthConfig {
  /** ["NONE"], ["CMD", …] or ["CMD-SHELL", command]. */
  Test?: string[];
  /** Nanoseconds, as the next three. */
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  /** From API 1.44. */
  StartInterval?: number;
  Retries?: number;
}

export interface ContainerConfig {
  Image?: string;
  Cmd?: string[] | null;
  Entrypoint?: string[] | null;
  Env?: string[] | null;
  WorkingDir?: string;
  User?: string;
  Hostname?: string;
  Domainname?: string;
  Labels?: Record<string, string> | null;
  Tty?: boolean;
  OpenStdin?: boolean;
  /** Stdin ends when the first attached client goes. */
  StdinOnce?: boolean;
  AttachStdin?: boolean;
  AttachStdout?: boolean;
  AttachStderr?: boolean;
  ExposedPorts?: Record<string, Record<string, never>> | null;
  Volumes?: Record<string, Record<string, never>> | null;
  Healthcheck?: HealthConfig;
  ArgsEscaped?: boolean;
  NetworkDisabled?: boolean;
  /** Up to API 1.51; from 1.44 on the endpoint's own is the right place. */
  MacAddress?: string;
  OnBuild?: string[] | null;
  StopSignal?: string;
  /** Seconds. */
  StopTimeout?: number;
  Shell?: string[];
}

export interface CreateContainerBody extends ContainerConfig {
  HostConfig?: HostConfig;
  NetworkingConfig?: { EndpointsConfig?: Record<string, EndpointSettings> };
}

export interface CreateContainerAnswer {
  Id: string;
  Warnings: string[] | null;
}

export type ContainerStatus =
  | "created"
  | "running"
  | "paused"
  | "restarting"
  | "removing"
  | "exited"
  | "dead";

export interface Health {
  Status: "none" | "starting" | "healthy" | "unhealthy";
  FailingStreak: number;
  Log?: { Start: string; End: string; ExitCode: number; Output: string }[] | null;
}

export interface ContainerState {
  Status: ContainerStatus;
  Running: boolean;
  Paused: boolean;
  Restarting: boolean;
  OOMKilled: boolean;
  Dead: boolean;
  /** As the host sees it; 0 when it does not run. */
  Pid: number;
  ExitCode: number;
  Error: string;
  StartedAt: string;
  FinishedAt: string;
  Health?: Health;
}

export interface MountPoint {
  Type: string;
  Name?: string;
  Source: string;
  Destination: string;
  Driver?: string;
  Mode: string;
  RW: boolean;
  Propagation: string;
}

export interface ContainerInspect {
  Id: string;
  Created: string;
  Path: string;
  Args: string[];
  State: ContainerState;
  /** The image's id. */
  Image: string;
  /** With a leading slash. */
  Name: string;
  RestartCount: number;
  Driver: string;
  Platform: string;
  MountLabel: string;
  ProcessLabel: string;
  AppArmorProfile: string;
  LogPath: string;
  ExecIDs: string[] | null;
  HostConfig: HostConfig;
  Mounts: MountPoint[];
  Config: ContainerConfig;
  NetworkSettings: {
    /** The addresses; copies of them at the top level are gone from API 1.52. */
    Networks: Record<string, EndpointSettings>;
    Ports?: Record<string, { HostIp: string; HostPort: string }[] | null>;
    SandboxKey?: string;
  };
  SizeRw?: number;
  SizeRootFs?: number;
}

export interface ContainerSummary {
  Id: string;
  Names: string[];
  Image: string;
  ImageID: string;
  Command: string;
  /** Seconds since 1970. */
  Created: number;
  Ports: { IP?: string; PrivatePort: number; PublicPort?: number; Type: string }[];
  Labels: Record<string, string>;
  State: ContainerStatus;
  /** "Up 3 minutes" */
  Status: string;
  HostConfig: { NetworkMode?: string };
  NetworkSettings: { Networks: Record<string, EndpointSettings> };
  Mounts: MountPoint[];
  SizeRw?: number;
  SizeRootFs?: number;
}

export interface ContainerTop {
  Titles: string[];
  Processes: string[][];
}

export interface ContainerChange {
  Path: string;
  /** 0 changed, 1 added, 2 removed. */
  Kind: 0 | 1 | 2;
}

export interface WaitAnswer {
  StatusCode: number;
  Error?: { Message: string } | null;
}

export interface ExecConfig {
  Cmd: string[];
  AttachStdin?: boolean;
  AttachStdout?: boolean;
  AttachStderr?: boolean;
  Tty?: boolean;
  /** Added to the container's. */
  Env?: string[];
  WorkingDir?: string;
  User?: string;
  Privileged?: boolean;
  DetachKeys?: string;
  /** Height and width, characters; from API 1.42. */
  ConsoleSize?: [number, number];
}

export interface ExecInspect {
  ID: string;
  Running: boolean;
  /** Null while it runs. */
  ExitCode: number | null;
  ProcessConfig: {
    tty: boolean;
    entrypoint: string;
    arguments: string[];
    privileged?: boolean;
    user?: string;
  };
  OpenStdin: boolean;
  OpenStdout: boolean;
  OpenStderr: boolean;
  CanRemove: boolean;
  ContainerID: string;
  DetachKeys: string;
  /** As the host sees it. */
  Pid: number;
}

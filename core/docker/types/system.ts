/** The Engine itself, by the Engine API's own names (1.41 to 1.56). */
import type { ContainerSummary } from "./container.ts";
import type { ImageSummary } from "./image.ts";
import type { Volume } from "./volume.ts";

export interface EngineVersion {
  Version: string;
  ApiVersion: string;
  MinAPIVersion: string;
  GitCommit: string;
  GoVersion: string;
  Os: string;
  Arch: string;
  KernelVersion?: string;
  BuildTime?: string;
  Platform?: { Name: string };
  Components?: { Name: string; Version: string; Details?: Record<string, string> }[];
}

export interface EngineInfo {
  ID: string;
  Name: string;
  ServerVersion: string;
  Containers: number;
  ContainersRunning: number;
  ContainersPaused: number;
  ContainersStopped: number;
  Images: number;
  Driver: string;
  DriverStatus: [string, string][];
  DockerRootDir: string;
  MemoryLimit: boolean;
  SwapLimit: boolean;
  PidsLimit: boolean;
  CpuCfsQuota: boolean;
  LoggingDriver: string;
  CgroupDriver: string;
  CgroupVersion?: string;
  KernelVersion: string;
  OperatingSystem: string;
  OSType: string;
  Architecture: string;
  NCPU: number;
  /** Bytes. */
  MemTotal: number;
  IndexServerAddress: string;
  Runtimes: Record<string, { path?: string; runtimeArgs?: string[] }>;
  DefaultRuntime: string;
  /** "name=seccomp,profile=default", "name=rootless", "name=userns" */
  SecurityOptions: string[] | null;
  LiveRestoreEnabled: boolean;
  Warnings: string[] | null;
  HttpProxy?: string;
  HttpsProxy?: string;
  NoProxy?: string;
  Swarm?: { LocalNodeState?: string };
  Labels: string[] | null;
}

/** Before API 1.52 by lists of everything; the newer sums are in `DiskUsageSum`. */
export interface DiskUsage {
  LayersSize?: number;
  Images?: ImageSummary[] | null;
  Containers?: ContainerSummary[] | null;
  Volumes?: Volume[] | null;
  BuildCache?: { ID: string; Type: string; InUse: boolean; Shared: boolean; Size: number }[] | null;
  ImageUsage?: DiskUsageSum;
  ContainerUsage?: DiskUsageSum;
  VolumeUsage?: DiskUsageSum;
  BuildCacheUsage?: DiskUsageSum;
}

export interface DiskUsageSum {
  ActiveCount: number;
  TotalCount: number;
  Reclaimable: number;
  TotalSize: number;
}

export interface EngineEvent {
  /** "container", "image", "network", "volume", "daemon", … */
  Type: string;
  /** "start", "die", "exec_start: sh", "health_status: healthy" */
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  scope?: string;
  /** Seconds and nanoseconds since 1970. */
  time: number;
  timeNano: number;
}

export interface PruneAnswer {
  /** Bytes. */
  SpaceReclaimed?: number;
  ContainersDeleted?: string[] | null;
  ImagesDeleted?: { Untagged?: string; Deleted?: string }[] | null;
  VolumesDeleted?: string[] | null;
  NetworksDeleted?: string[] | null;
  CachesDeleted?: string[] | null;
}

/** What lists and prunes are narrowed by: {"label": ["a=b"], "status": ["running"]}. */
export type Filters = Record<string, string[]>;

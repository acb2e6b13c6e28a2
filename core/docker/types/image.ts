/** Images and what is told while they move, by the Engine API's own names (1.41 to 1.56). */
import type { ContainerConfig } from "./container.ts";

export interface ImageInspect {
  Id: string;
  RepoTags: string[] | null;
  RepoDigests: string[] | null;
  Parent?: string;
  Comment?: string;
  Created?: string;
  Author?: string;
  /** Absent or partly absent where a field is empty, from API 1.52. */
  Config?: ContainerConfig;
  Architecture: string;
  Variant?: string;
  Os: string;
  OsVersion?: string;
  /** Bytes. */
  Size: number;
  GraphDriver?: { Name: string; Data: Record<string, string> | null };
  RootFS: { Type: string; Layers?: string[] };
  Metadata?: { LastTagTime?: string };
}

export interface ImageSummary {
  Id: string;
  ParentId: string;
  RepoTags: string[] | null;
  RepoDigests: string[] | null;
  /** Seconds since 1970. */
  Created: number;
  Size: number;
  SharedSize: number;
  Labels: Record<string, string> | null;
  Containers: number;
}

export interface ImageHistoryEntry {
  Id: string;
  Created: number;
  CreatedBy: string;
  Tags: string[] | null;
  Size: number;
  Comment: string;
}

export interface ImageRemoval {
  Untagged?: string;
  Deleted?: string;
}

/** One line of a pull, push, load or import. */
export interface ProgressMessage {
  /** The layer, or the tag. */
  id?: string;
  /** "Downloading", "Pull complete", "Status: Downloaded newer image for …" */
  status?: string;
  progressDetail?: { current?: number; total?: number };
  /** A drawn bar, from old Engines. */
  progress?: string;
  /** "Loaded image: …" */
  stream?: string;
  error?: string;
  errorDetail?: { code?: number; message?: string };
  /** Ends a push. */
  aux?: { Tag?: string; Digest?: string; Size?: number; ID?: string };
}

/** One line of a build. */
export interface BuildMessage extends ProgressMessage {
  /** What the builder prints; `aux.ID` is the image, once it is built. */
  stream?: string;
}

export interface DistributionInspect {
  Descriptor: { mediaType: string; digest: string; size: number };
  Platforms: { architecture: string; os: string; variant?: string }[];
}

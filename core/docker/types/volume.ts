/** Volumes, by the Engine API's own names (1.41 to 1.56). */

export interface CreateVolumeBody {
  Name?: string;
  Driver?: string;
  DriverOpts?: Record<string, string>;
  Labels?: Record<string, string>;
}

export interface Volume {
  Name: string;
  Driver: string;
  Mountpoint: string;
  CreatedAt?: string;
  Status?: Record<string, unknown>;
  Labels: Record<string, string> | null;
  Scope: string;
  Options: Record<string, string> | null;
  /** Only from `diskUsage`; -1 where it is not known. */
  UsageData?: { Size: number; RefCount: number } | null;
}

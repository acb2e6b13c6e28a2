/** What a container may mount: the workspace and what is below it, volumes of its own, memory. */
import type { ContainerInspect } from "../../../docker/types/container.ts";
import { inside } from "./paths.ts";
import { asObject, isZero, type Json, onlyKeys, text } from "./body_check.ts";
import { Refusal } from "./refusal.ts";

/** A bind that passed, by the path that it has now. */
export interface Bind {
  source: string;
  target: string;
  readOnly: boolean;
}

export interface CheckedMounts {
  binds: Bind[];
  /** Names of volumes that must be the sandbox's own; they are made when they are not there. */
  volumes: string[];
  /** For `HostConfig.Mounts`, binds left out. */
  mounts: Json[];
  /** For `HostConfig.Binds`: volumes only. */
  volumeBinds: string[];
}

/** Reads `HostConfig.Binds` and `HostConfig.Mounts`. Paths are looked at later. Throws `Refusal`. */
export function checkMounts(binds: string[], mounts: unknown): CheckedMounts {
  const checked: CheckedMounts = { binds: [], volumes: [], mounts: [], volumeBinds: [] };
  for (const line of binds) checkBind(line, checked);
  if (!isZero(mounts) && !Array.isArray(mounts)) throw new Refusal("Mounts is no list", 400);
  for (const mount of (mounts ?? []) as unknown[]) checkMount(asObject(mount, "a mount"), checked);
  return checked;
}

const harmlessOptions = new Set([
  "",
  "ro",
  "rw",
  "nocopy",
  "z",
  "consistent",
  "cached",
  "delegated",
  "rprivate",
]);

/** "SOURCE:TARGET[:OPTIONS]"; a source without a slash at its beginning is a volume's name. */
function checkBind(line: string, checked: CheckedMounts): void {
  const [source, target, options = "", ...more] = line.split(":");
  if (target === undefined || more.length > 0) throw new Refusal(`the bind "${line}" cannot be read`, 400);
  const bad = options.split(",").find((option) => !harmlessOptions.has(option));
  if (bad !== undefined) {
    throw new Refusal(`the option "${bad}" of the bind "${line}" is not allowed in a sandbox`);
  }
  const readOnly = options.split(",").includes("ro");
  if (source.startsWith("/")) {
    checked.binds.push({ source, target, readOnly });
    return;
  }
  checked.volumes.push(volumeName(source));
  checked.volumeBinds.push(`${source}:${target}${readOnly ? ":ro" : ""}`);
}

const mountKeys = new Set([
  "Type",
  "Source",
  "Target",
  "ReadOnly",
  "BindOptions",
  "VolumeOptions",
  "TmpfsOptions",
  "Consistency",
]);

function checkMount(raw: Json, checked: CheckedMounts): void {
  const mount = onlyKeys(raw, mountKeys, "Mount");
  const source = text(mount.Source, "Source");
  const target = text(mount.Target, "Target");
  const readOnly = mount.ReadOnly === true;
  switch (text(mount.Type, "Type")) {
    case "bind": {
      const { Propagation, ...rest } = isZero(mount.BindOptions)
        ? {} as Json
        : asObject(mount.BindOptions, "BindOptions");
      if (!isZero(Propagation) && Propagation !== "rprivate") {
        throw new Refusal("mount propagation is not allowed in a sandbox");
      }
      onlyKeys(rest, new Set(), "BindOptions");
      checked.binds.push({ source, target, readOnly });
      return;
    }
    case "volume": {
      const options = isZero(mount.VolumeOptions) ? {} : asObject(mount.VolumeOptions, "VolumeOptions");
      const kept = onlyKeys(
        options,
        new Set(["NoCopy", "Subpath", "Labels", "DriverConfig"]),
        "VolumeOptions",
      );
      checkDriver(kept.DriverConfig);
      if (source !== "") checked.volumes.push(volumeName(source));
      const { NoCopy, Subpath } = kept;
      checked.mounts.push({
        Type: "volume",
        Source: source,
        Target: target,
        ReadOnly: readOnly,
        VolumeOptions: { ...(NoCopy === true ? { NoCopy } : {}), ...(isZero(Subpath) ? {} : { Subpath }) },
      });
      return;
    }
    case "tmpfs": {
      const options = isZero(mount.TmpfsOptions) ? {} : asObject(mount.TmpfsOptions, "TmpfsOptions");
      const { SizeBytes, Mode } = onlyKeys(options, new Set(["SizeBytes", "Mode"]), "TmpfsOptions");
      checked.mounts.push({
        Type: "tmpfs",
        Target: target,
        ReadOnly: readOnly,
        TmpfsOptions: { SizeBytes, Mode },
      });
      return;
    }
    default:
      throw new Refusal(`mounts of the type "${mount.Type}" are not allowed in a sandbox`);
  }
}

/** A local volume with options can be a bind of any path (`o=bind,device=/`). */
export function checkDriver(config: unknown): void {
  if (isZero(config)) return;
  const { Name, ...rest } = asObject(config, "DriverConfig");
  if (!isZero(Name) && Name !== "local") {
    throw new Refusal(`the volume driver "${Name}" is not allowed in a sandbox`);
  }
  onlyKeys(rest, new Set(), "DriverConfig");
}

export function volumeName(name: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) return name;
  throw new Refusal(`"${name}" is no volume's name`, 400);
}

export interface Workspace {
  /** Real path. */
  path: string;
  protected: { path: string; readOnly: boolean }[];
}

/**
 * The mounts for binds that passed: each with the workspace's protected parts laid over it again. A bind below
 * a protected part is read-only.
 */
export function bindMounts(binds: Bind[], workspace: Workspace): Json[] {
  const mount = (source: string, target: string, readOnly: boolean): Json => ({
    Type: "bind",
    Source: source,
    Target: target,
    ReadOnly: readOnly,
  });
  return binds.flatMap(({ source, target, readOnly }) => {
    const below = workspace.protected.some((one) => one.readOnly && inside(source, one.path));
    const over = workspace.protected.filter(({ path }) => path !== source && inside(path, source));
    return [
      mount(source, target, readOnly || below),
      ...over.map((one) =>
        mount(
          one.path,
          `${target.replace(/\/+$/, "")}${one.path.slice(source.length)}`,
          readOnly || one.readOnly,
        )
      ),
    ];
  });
}

/** Host paths that a container binds, those taken over from other containers included. */
export function bindSources(container: ContainerInspect): string[] {
  const asked = (container.HostConfig.Mounts ?? []).filter((mount) => mount.Type === "bind");
  const made = (container.Mounts ?? []).filter((mount) => mount.Type === "bind");
  return [...new Set([...asked, ...made].map((mount) => mount.Source ?? ""))];
}

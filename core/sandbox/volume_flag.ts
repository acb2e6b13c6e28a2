/** `-v source:target[:ro]`: parsing and what may be mounted where. */
import { SkiffError } from "../errors/skiff_error.ts";
import { isInside, normalizePath } from "../paths/path_rules.ts";
import type { VolumeSetting } from "./settings.ts";

export interface VolumeContext {
  /** Home of the user on the host; "" when there is none. */
  home: string;
  /** What a relative source starts from. */
  cwd: string;
}

/** Places of the sandbox that a mount would break or that skiff uses itself. */
const reserved = ["/proc", "/sys", "/dev", "/run/skiff"];
const volumeName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
/** Options of `docker run -v` that mean nothing here and do no harm. */
const ignoredOptions = ["rw", "z", "Z", "cached", "delegated", "consistent"];

/**
 * Reads one `-v`. A source with a slash, a dot or a tilde in front is a path of the host, any other word the
 * name of a volume, as for `docker run`. Throws "usage".
 */
export function parseVolume(text: string, { home, cwd }: VolumeContext): VolumeSetting {
  const [source, target, options = "", ...more] = splitVolume(text);
  if (!source || !target || more.length > 0) {
    throw wrong(text, "it is not of the form HOST-PATH:PATH[:ro]");
  }
  const readOnly = readOptions(text, options);
  if (!target.startsWith("/") && target !== "~" && !target.startsWith("~/")) {
    throw wrong(text, `the path in the sandbox, ${target}, is not absolute`);
  }
  const path = target.startsWith("~") ? `~${normalizePath(`/${target.slice(1)}`)}` : normalizePath(target);
  if (path === "/" || reserved.some((place) => isInside(path, place))) {
    throw wrong(text, `nothing can be mounted at ${path}`);
  }
  if (/^[/.~]/.test(source) || /^[a-zA-Z]:[\\/]/.test(source)) {
    return { type: "bind", source: hostPath(text, source, { home, cwd }), target: path, readOnly };
  }
  if (!volumeName.test(source)) throw wrong(text, `${source} is neither a path nor the name of a volume`);
  return { type: "volume", source, target: path, readOnly };
}

/** Splits at colons, but not at that of a Windows drive. */
function splitVolume(text: string): string[] {
  const drive = /^[a-zA-Z]:[\\/]/.test(text) ? text.slice(0, 2) : "";
  const parts = text.slice(drive.length).split(":");
  return [drive + parts[0], ...parts.slice(1)];
}

function readOptions(text: string, options: string): boolean {
  let readOnly = false;
  for (const option of options.split(",").filter(Boolean)) {
    if (option === "ro" || option === "readonly") readOnly = true;
    else if (!ignoredOptions.includes(option)) throw wrong(text, `"${option}" is no option of a mount`);
  }
  return readOnly;
}

function hostPath(text: string, source: string, { home, cwd }: VolumeContext): string {
  if (source === "~" || source.startsWith("~/")) {
    if (!home) throw wrong(text, "HOME is not set, so ~ stands for nothing");
    return normalizePath(home + source.slice(1));
  }
  if (source.startsWith("~")) throw wrong(text, "only ~ and ~/… are understood, not another user's home");
  return normalizePath(source.startsWith(".") ? `${cwd}/${source}` : source);
}

/** Throws "usage" when two mounts have the same target. */
export function checkTargets(volumes: VolumeSetting[], workspace: string): void {
  const seen = new Map<string, string>([[workspace, "the workspace"]]);
  for (const { target } of volumes) {
    const other = seen.get(target);
    if (other) throw new SkiffError("usage", `Both ${other} and a --volume are to be mounted at ${target}`);
    if (isInside(workspace, target)) {
      throw new SkiffError("usage", `A --volume at ${target} would hide the workspace ${workspace}`);
    }
    seen.set(target, "a --volume");
  }
}

/** `source:target[:ro]`, as one would write it. */
export function formatVolume({ source, target, readOnly }: VolumeSetting): string {
  return `${source}:${target}${readOnly ? ":ro" : ""}`;
}

function wrong(text: string, reason: string): SkiffError {
  return new SkiffError("usage", `Cannot read --volume ${text}: ${reason}`, {
    hint: "Write it like --volume ~/datasets:/data:ro.",
  });
}

/** The folder that a sandbox gets: found, resolved, and checked before anything is made. */
import { SkiffError } from "../errors/skiff_error.ts";
import { isInside } from "../paths/path_rules.ts";
import type { VolumeSetting } from "./settings.ts";

export interface Workspace {
  /** Real path: no symbolic links, so that one folder has one sandbox whatever way it was reached. */
  path: string;
  /** Owner; the agent runs as this user. */
  uid: number;
  gid: number;
}

/** What must never be handed to an agent as its workspace. */
export interface WorkspaceLimits {
  /** The user's home. */
  home: string;
  /** Paths that give power over this machine: the Engine's socket, skiff's own folders. */
  guarded: string[];
}

/** Mounted at their own path, these would replace what a template needs. */
const systemFolders = [
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/home",
  "/lib",
  "/lib32",
  "/lib64",
  "/mnt",
  "/opt",
  "/proc",
  "/root",
  "/run",
  "/sbin",
  "/srv",
  "/sys",
  "/tmp",
  "/usr",
  "/var",
];

/**
 * Resolves `path` (absolute, or relative to the current folder). Throws "not_found", "usage" for what is no
 * folder, and "forbidden" for folders that must not be given away or that the agent could not read.
 */
export async function findWorkspace(path: string, limits: WorkspaceLimits): Promise<Workspace> {
  const real = await realPath(path);
  const info = await Deno.stat(real);
  if (!info.isDirectory) {
    throw new SkiffError("usage", `The workspace ${path} is not a folder`, {
      hint: "Name the folder that the agent is to work in.",
    });
  }
  await checkLimits(real, limits);
  checkMode(real, info.mode);
  return { path: real, uid: info.uid ?? 1000, gid: info.gid ?? 1000 };
}

async function realPath(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new SkiffError("not_found", `The workspace ${path} does not exist`, {
        hint: "Check the path, or make the folder first.",
        cause,
      });
    }
    throw permissionDenied(path, cause);
  }
}

async function checkLimits(path: string, { home, guarded }: WorkspaceLimits): Promise<void> {
  const hint = "Run it in a project folder, or name one with --workspace.";
  if (path === "/" || systemFolders.includes(path) || /^\/(proc|sys|dev)\//.test(path)) {
    throw new SkiffError("forbidden", `${path} is a folder of the system, not a workspace`, { hint });
  }
  const realHome = home && await Deno.realPath(home).catch(() => home);
  if (realHome && isInside(realHome, path)) {
    throw new SkiffError("forbidden", `${path} holds your whole home, keys and logins included`, { hint });
  }
  const places = await Promise.all(guarded.map((place) => Deno.realPath(place).catch(() => place)));
  for (const place of places) {
    if (isInside(place, path)) {
      throw new SkiffError(
        "forbidden",
        `${path} holds ${place}, which would give the agent power over this machine`,
        { hint },
      );
    }
  }
}

function checkMode(path: string, mode: number | null): void {
  if (mode === null || (mode & 0o500) === 0o500) return;
  throw permissionDenied(path);
}

function permissionDenied(path: string, cause?: unknown): SkiffError {
  return new SkiffError("forbidden", `Permission denied: the workspace ${path} cannot be read`, {
    hint: `Look at it with \`ls -la ${path}\`; \`chmod -R u+rX ${path}\` gives its owner access.`,
    cause,
  });
}

/**
 * Checks that what is to be mounted is there. Gives warnings for what this user of the sandbox will not be
 * able to read. Throws "not_found" naming the path.
 */
export async function checkVolumes(volumes: VolumeSetting[], uid: number, gid: number): Promise<string[]> {
  const warnings: string[] = [];
  for (const { type, source, target } of volumes) {
    if (type !== "bind") continue;
    const info = await Deno.stat(source).catch((cause) => {
      if (cause instanceof Deno.errors.NotFound) {
        throw new SkiffError("not_found", `The path ${source}, to be mounted at ${target}, does not exist`, {
          hint: "Check the path of --volume, or make it first.",
          cause,
        });
      }
      throw new SkiffError("forbidden", `Permission denied: ${source}, to be mounted at ${target}`, {
        cause,
      });
    });
    if (!readableBy(info, uid, gid)) {
      warnings.push(
        `The agent's user (uid ${uid}) cannot read ${source}; it belongs to uid ${info.uid}, mode ${
          (info.mode! & 0o777).toString(8)
        }.`,
      );
    }
  }
  return warnings;
}

/** By permission bits alone: inside, nobody has the capability to pass over them, root neither. */
function readableBy(info: Deno.FileInfo, uid: number, gid: number): boolean {
  if (info.mode === null || info.uid === null) return true;
  const shift = info.uid === uid ? 6 : info.gid === gid ? 3 : 0;
  const wanted = info.isDirectory ? 0o5 : 0o4;
  return ((info.mode >> shift) & wanted) === wanted;
}

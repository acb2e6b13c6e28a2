/**
 * What of a workspace the agent may read and not write: files that make programs of the *host* run something,
 * later and outside of the sandbox.
 *
 * A read-only mount on `.git/hooks` alone would be void: the agent could rename `.git` and make another one. So
 * each folder above a protected path is mounted onto itself, and a mount point can be neither renamed nor
 * removed. What is missing is made (`.git/hooks`, `.git/commondir`, `.git` itself), so that the agent cannot
 * make it: a new `.git/commondir` would send Git to a configuration of the agent's choice; holding "." it says
 * what Git does without it.
 */
import { SkiffError } from "../errors/skiff_error.ts";
import { isInside, parentPath } from "../paths/path_rules.ts";

export interface ProtectedMount {
  /** The same path on the host and inside. */
  path: string;
  readOnly: boolean;
}

export interface Protection {
  /** In the order of mounting: parents first. */
  mounts: ProtectedMount[];
  git: GitState;
}

export type GitState = "none" | "folder" | "file";

/** Below `.git` of a main working tree. Kind and content of what is made when it is missing. */
const inGit: { name: string; make?: "folder" | "file"; content?: string }[] = [
  { name: "hooks", make: "folder" },
  { name: "config", make: "file" },
  { name: "commondir", make: "file", content: ".\n" },
  { name: "config.worktree" },
  { name: "worktrees" },
  { name: "modules" },
  { name: "info/attributes" },
];

/** Editors and agents on the host run commands that they find here. */
const besideGit = [
  ".vscode",
  ".idea",
  ".mcp.json",
  ".claude/settings.json",
  ".claude/settings.local.json",
  ".claude/hooks",
  ".codex",
  ".gemini/settings.json",
];

/**
 * Looks at the workspace, makes what must be there (owned as the workspace is) and gives the mounts. `extra`:
 * further paths that Git reads. Throws "unsupported" where a symbolic link stands for what must be protected.
 */
export async function protectWorkspace(
  workspace: string,
  extra: string[],
  owner: { uid: number; gid: number },
): Promise<Protection> {
  const git = await gitState(workspace);
  const dotGit = `${workspace}/.git`;
  const paths: string[] = [];
  if (git === "none") {
    if (!await exists(dotGit)) await makeFolder(dotGit, owner);
    paths.push(dotGit);
  } else if (git === "file") {
    paths.push(dotGit);
  } else {
    for (const entry of inGit) {
      const path = `${dotGit}/${entry.name}`;
      const there = await exists(path);
      if (!there && !entry.make) continue;
      if (!there && entry.make === "folder") await makeFolder(path, owner);
      if (!there && entry.make === "file") await makeFile(path, entry.content ?? "", owner);
      paths.push(path);
    }
  }
  for (const path of [...besideGit.map((name) => `${workspace}/${name}`), ...extra]) {
    if (await exists(path)) paths.push(path);
  }
  for (const path of paths) await refuseLinks(workspace, path);
  return { mounts: protectedMounts(workspace, paths), git };
}

/** Self-mounts of all folders between the workspace and each path, and the paths read-only; parents first. */
export function protectedMounts(workspace: string, paths: string[]): ProtectedMount[] {
  const mounts = new Map<string, ProtectedMount>();
  const covered = (path: string) => paths.some((other) => other !== path && isInside(path, other));
  for (const path of [...new Set(paths)].sort()) {
    if (covered(path)) continue;
    for (let parent = parentPath(path); parent !== workspace && isInside(parent, workspace);) {
      if (!mounts.has(parent)) mounts.set(parent, { path: parent, readOnly: false });
      parent = parentPath(parent);
    }
    mounts.set(path, { path, readOnly: true });
  }
  const depth = (path: string) => path.split("/").length;
  return [...mounts.values()].sort((a, b) => depth(a.path) - depth(b.path) || (a.path < b.path ? -1 : 1));
}

async function gitState(workspace: string): Promise<GitState> {
  const info = await Deno.lstat(`${workspace}/.git`).catch(() => undefined);
  if (!info) return "none";
  if (info.isSymlink) throw linkRefused(`${workspace}/.git`);
  if (!info.isDirectory) return "file";
  return await isRepository(workspace) ? "folder" : "none";
}

/** A `.git` without HEAD is none to Git: the empty one that protects a folder, say. */
export async function isRepository(workspace: string): Promise<boolean> {
  return await exists(`${workspace}/.git/HEAD`);
}

/** A link can be replaced by the agent, and a mount would land on what it points to. */
async function refuseLinks(workspace: string, path: string): Promise<void> {
  for (let at = path; at !== workspace && isInside(at, workspace); at = parentPath(at)) {
    if ((await Deno.lstat(at)).isSymlink) throw linkRefused(at);
  }
}

function linkRefused(path: string): SkiffError {
  return new SkiffError(
    "unsupported",
    `${path} is a symbolic link, which cannot be protected from the agent`,
    {
      hint: "Use --clone to work on a private clone, or --allow-git to let the agent write it.",
    },
  );
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

async function makeFolder(path: string, owner: { uid: number; gid: number }): Promise<void> {
  await Deno.mkdir(path, { mode: 0o755 });
  await giveTo(path, owner);
}

async function makeFile(path: string, text: string, owner: { uid: number; gid: number }): Promise<void> {
  await Deno.writeTextFile(path, text, { mode: 0o644, createNew: true });
  await giveTo(path, owner);
}

async function giveTo(path: string, { uid, gid }: { uid: number; gid: number }): Promise<void> {
  if (Deno.build.os === "windows" || Deno.uid() === uid) return;
  await Deno.chown(path, uid, gid);
}

/**
 * Takes back what was made in the workspace of a removed sandbox: an empty `.git`, and a `commondir` as it was
 * written.
 */
export async function unprotectWorkspace(workspace: string, git: string): Promise<void> {
  if (git === "none") {
    await Deno.remove(`${workspace}/.git`).catch(() => {}); // only when it is still empty
  } else if (git === "folder") {
    const path = `${workspace}/.git/commondir`;
    const text = await Deno.readTextFile(path).catch(() => "");
    if (text === ".\n") await Deno.remove(path).catch(() => {});
  }
}

/**
 * Identities of the protected paths. A file that a program of the host replaces by renaming (`git config`
 * does) loses its mount in running sandboxes: when these differ from what they were at the start, it must be
 * started again.
 */
export async function identities(paths: string[]): Promise<Record<string, string>> {
  const entries = await Promise.all(paths.map(async (path) => {
    const info = await Deno.lstat(path).catch(() => undefined);
    return [path, info ? `${info.dev}:${info.ino}` : "gone"] as const;
  }));
  return Object.fromEntries(entries);
}

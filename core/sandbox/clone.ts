/**
 * `--clone`: the agent works on a clone of its own inside, made from the repository that is mounted read-only.
 * What it did comes back as a bundle, out of which the host's Git takes one branch; no hook runs.
 */
import { readTar } from "../archive/tar.ts";
import { getArchive } from "../docker/archives.ts";
import type { Docker } from "../docker/docker.ts";
import { SkiffError } from "../errors/skiff_error.ts";
import { runCaptured } from "./captured_exec.ts";
import type { SandboxLabels } from "./labels.ts";

/** Where the repository is mounted. */
export const cloneSource = "/run/sandbox/source";

const bundlePath = "/tmp/.skiff-changes.bundle";

/** The branch of the host that gets the changes. */
export const cloneBranch = (name: string) => `sandbox/${name}`;

/** Throws "unsupported" where a clone would not be what a person expects. */
export async function checkClonable(workspace: string, say: (line: string) => void): Promise<void> {
  const refuse = (reason: string, hint: string) =>
    new SkiffError("unsupported", `Cannot use --clone: ${reason}`, { hint });
  const dotGit = await Deno.lstat(`${workspace}/.git`).catch(() => undefined);
  if (!dotGit) {
    throw refuse(
      `${workspace} is not the top of a Git repository`,
      "Run it in the repository's top folder, or without --clone.",
    );
  }
  if (!dotGit.isDirectory) {
    throw refuse(
      `${workspace} is a secondary worktree or a submodule`,
      "Use the main working tree of the repository, or leave out --clone.",
    );
  }
  const head = await hostGit(workspace, ["rev-parse", "--verify", "HEAD^{commit}"]);
  if (/dubious ownership/.test(head.error)) {
    throw refuse(
      `Git does not trust ${workspace}, which belongs to another user`,
      "Do as Git says (`git status` there shows it), or leave out --clone.",
    );
  }
  if (!head.success) {
    throw refuse("the repository has no commit yet", "Make a first commit, or leave out --clone.");
  }
  if (await Deno.lstat(`${workspace}/.git/objects/info/alternates`).then(() => true, () => false)) {
    throw refuse(
      "the repository borrows objects from another one, which is not mounted",
      "Run `git repack -ad` and remove .git/objects/info/alternates, or leave out --clone.",
    );
  }
  const status = await hostGit(workspace, ["status", "--porcelain", "--untracked-files=no"]);
  if (status.success && status.text !== "") {
    say("The clone starts from the last commit; uncommitted changes of the workspace are not in it.");
  }
}

/** What a killed skiff left half cloned is cloned anew. */
const cloneScript = `
git -C "$2" rev-parse --quiet --verify refs/sandbox/base >/dev/null 2>&1 && exit 0
find "$2" -mindepth 1 -delete &&
git clone --quiet --no-hardlinks "$1" "$2" && git -C "$2" remote remove origin &&
git -C "$2" update-ref refs/sandbox/base HEAD
`.trim();

/** Clones inside, if that is not done yet. Throws with what Git says. */
export async function fillClone(docker: Docker, id: string, labels: SandboxLabels): Promise<void> {
  const { code, stderr } = await runCaptured(docker, id, {
    Cmd: ["/bin/sh", "-c", cloneScript, "sandbox", cloneSource, labels.workspace],
    WorkingDir: "/",
  });
  if (code === 0) return;
  throw new SkiffError(
    "unsupported",
    `Cannot clone the repository in the sandbox: ${stderr.trim() || `code ${code}`}`,
    {
      hint: "The template needs Git; look at its message.",
    },
  );
}

/**
 * Bundles what is new since the clone: the commits of the current branch, and on top, as a commit of its own,
 * what was not committed. Prints the commit's id, or nothing. The agent's branch and index stay as they are.
 */
const bundleScript = `
set -e
cd "$1"
base=$(git rev-parse refs/sandbox/base)
tip=$(git rev-parse HEAD)
export GIT_INDEX_FILE=/tmp/.skiff-index.$$
git read-tree HEAD
git add -A
tree=$(git write-tree)
rm -f "$GIT_INDEX_FILE"
unset GIT_INDEX_FILE
if [ "$tree" != "$(git rev-parse HEAD^{tree})" ]; then
  GIT_AUTHOR_DATE=$(git log -1 --format=%cI) # the same work gives the same commit
  GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
  export GIT_AUTHOR_DATE GIT_COMMITTER_DATE
  tip=$(git -c user.name="\${GIT_AUTHOR_NAME:-$(git config user.name || echo sandbox)}" \\
    -c user.email="\${GIT_AUTHOR_EMAIL:-$(git config user.email || echo sandbox@localhost)}" \\
    commit-tree "$tree" -p HEAD -m "Uncommitted changes of the sandbox")
fi
[ "$tip" != "$base" ] || exit 0
git update-ref refs/sandbox/changes "$tip"
git bundle create --quiet ${bundlePath} refs/sandbox/changes ^"$base" 2>/dev/null
echo "$tip"
`.trim();

export interface ClonedChanges {
  branch: string;
  commit: string;
}

/**
 * Brings the changes of the clone into the branch `sandbox/<name>` of the host's repository. Undefined when there
 * are none, or none since the last time. Throws "conflict" when the branch is checked out on the host.
 */
export async function fetchChanges(
  docker: Docker,
  sandbox: SandboxLabels & { id: string },
): Promise<ClonedChanges | undefined> {
  const { code, stdout, stderr } = await runCaptured(docker, sandbox.id, {
    Cmd: ["/bin/sh", "-c", bundleScript, "sandbox", sandbox.workspace],
    WorkingDir: "/",
  });
  if (code !== 0) {
    throw new SkiffError("invalid_input", `Cannot bundle the changes of ${sandbox.name}: ${stderr.trim()}`, {
      hint: "The clone in the sandbox is damaged; `skiff sandbox cp` can still copy files out of it.",
    });
  }
  const commit = stdout.trim();
  if (!/^[0-9a-f]{40,64}$/.test(commit)) return undefined;
  const branch = cloneBranch(sandbox.name);
  const known = await hostGit(sandbox.workspace, [
    "rev-parse",
    "--verify",
    "--quiet",
    `refs/heads/${branch}`,
  ]);
  if (known.text.trim() === commit) return undefined;
  await fetchBundle(docker, sandbox, branch);
  return { branch, commit };
}

async function fetchBundle(
  docker: Docker,
  { id, workspace }: { id: string; workspace: string },
  branch: string,
) {
  const file = await Deno.makeTempFile({ prefix: "skiff-changes-", suffix: ".bundle" });
  try {
    const { archive } = await getArchive(docker, id, { path: bundlePath });
    for await (const entry of readTar(archive)) {
      if (entry.type === "file") await Deno.writeFile(file, ReadableStream.from(entry.content()));
    }
    const fetched = await hostGit(workspace, [
      "fetch",
      "--quiet",
      "--no-tags",
      "--no-recurse-submodules",
      "--no-auto-gc",
      "--no-write-fetch-head",
      file,
      `+refs/sandbox/changes:refs/heads/${branch}`,
    ]);
    if (fetched.success) return;
    throw new SkiffError(
      "conflict",
      `Cannot take the changes into the branch ${branch}: ${fetched.error.trim()}`,
      {
        hint: "When that branch is checked out, switch to another one and run the command again.",
      },
    );
  } finally {
    await Deno.remove(file);
  }
}

/** The host's Git without hooks and without programs that a repository may name. */
async function hostGit(workspace: string, args: string[]) {
  const safe = ["core.hooksPath=/dev/null", "core.fsmonitor=false", "transfer.fsckObjects=true", "gc.auto=0"];
  try {
    const { success, stdout, stderr } = await new Deno.Command("git", {
      args: ["-C", workspace, ...safe.flatMap((setting) => ["-c", setting]), ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { success, text: decode(stdout), error: decode(stderr) };
  } catch (cause) {
    throw new SkiffError("unavailable", "--clone needs Git on this machine", {
      hint: "Install git, or leave out --clone.",
      cause,
    });
  }
}

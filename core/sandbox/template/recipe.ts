/** A template as text: the Dockerfile of an agent on a base, the script that prepares the base, the digest. */
import { createHash } from "node:crypto";
import type { Agent } from "../agents/agent.ts";
import { type AgentPackage, type PackageArch, rustTriple } from "./agent_package.ts";
import { agentPackages } from "./agent_package_table.ts";
import { templateLabels } from "./labels.ts";

/** Raised when the steps below change in a way that old images should not survive. */
const recipeVersion = 1;

export interface BaseImage {
  /** As the user wrote it. */
  reference: string;
  /** "sha256:…" */
  id: string;
  arch: PackageArch;
  /** The image's own environment, "NAME=value". */
  environment: string[];
}

/** One package of a recipe for one processor. */
export interface PlacedPackage {
  row: AgentPackage;
  /** Path in the tarball, below "package/" -> path in the image. */
  files: Record<string, string>;
  leaveOut: string[];
}

export interface Recipe {
  agent: Agent;
  base: BaseImage;
  packages: PlacedPackage[];
  dockerfile: string;
  /** Runs in the build as root. */
  script: string;
  /** Hex; the same for the same steps, packages and base. */
  digest: string;
  labels: Record<string, string>;
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** Folder of the build context that becomes the image's root. */
export const contextRoot = "root";

/** Everything that a build needs. Pure. */
export function makeRecipe(agent: Agent, base: BaseImage): Recipe {
  const fill = (text: string) =>
    text.replaceAll("{arch}", base.arch).replaceAll("{triple}", rustTriple[base.arch]);
  const packages = agent.recipe.packages.map(({ name, files, leaveOut = [] }) => ({
    row: agentPackages[name][base.arch],
    files: Object.fromEntries(Object.entries(files).map(([from, to]) => [fill(from), to])),
    leaveOut: leaveOut.map(fill),
  }));
  const script = baseScript(agent, base);
  const { links = {}, scripts = {} } = agent.recipe;
  const digest = createHash("sha256").update(JSON.stringify([
    recipeVersion,
    base.id,
    packages,
    script,
    links,
    scripts,
    dockerfileOf(agent, base, {}),
  ])).digest("hex");
  const labels = templateLabels({
    agent: agent.name,
    version: packages.at(-1)?.row.version.replace(/-linux-.*/, "") ?? "",
    base: base.reference,
    digest,
  });
  return { agent, base, packages, script, digest, labels, dockerfile: dockerfileOf(agent, base, labels) };
}

function dockerfileOf(agent: Agent, base: BaseImage, labels: Record<string, string>): string {
  const path = base.environment.find((line) => line.startsWith("PATH="))?.slice("PATH=".length) ||
    defaultPath;
  return [
    `FROM ${base.id}`,
    "USER root",
    // First what seldom changes: the Engine keeps these steps when only the agent is new.
    "COPY prepare.sh /tmp/prepare.sh",
    "RUN /bin/sh /tmp/prepare.sh && rm /tmp/prepare.sh",
    `COPY ${contextRoot}/ /`,
    `ENV PATH=${quoted(`/home/agent/.local/bin:${path}`)} BASH_ENV=/etc/sandbox-persistent.sh`,
    `ENV SKIFF_AGENT=${agent.name}`,
    ...Object.entries(labels).map(([key, value]) => `LABEL ${key}=${quoted(value)}`),
    "USER agent",
    "WORKDIR /home/agent",
    "ENTRYPOINT []",
    'CMD ["/bin/bash"]',
    "",
  ].join("\n");
}

/** A word of a Dockerfile: nothing in it is a variable or an escape. */
function quoted(value: string): string {
  return `"${value.replace(/["\\$]/g, "\\$&")}"`;
}

/** Debian's packages of the programs that agents call. */
const debianPackages: Record<string, string> = { rg: "ripgrep", ps: "procps" };

/**
 * Checks the base, installs what it lacks, makes the user. Says what is wrong in lines "skiff-error: CODE: …",
 * what is missing but not needed in lines "skiff-note: …".
 */
function baseScript(agent: Agent, { arch }: BaseImage): string {
  const tools = [{ name: "git", required: true }, ...agent.recipe.tools];
  const names = (required: boolean) =>
    [...new Set(tools.filter((tool) => tool.required === required).map(({ name }) => name))].join(" ");
  const folders = [agent.credentialsFolder, ".local/bin", ".local/share", ".config", ".cache", ".skiff"]
    .filter((folder) => folder !== undefined);
  const loader = arch === "x64" ? "/lib64/ld-linux-x86-64.so.2" : "/lib/ld-linux-aarch64.so.1";
  return prepareScript
    .replaceAll("@LOADER@", loader)
    .replaceAll("@REQUIRED@", names(true))
    .replaceAll("@WANTED@", names(false))
    .replaceAll(
      "@RENAMES@",
      Object.entries(debianPackages).map(([from, to]) => `s/^${from}$/${to}/`).join(";"),
    )
    .replaceAll("@FOLDERS@", folders.join(" "));
}

/**
 * The user is uid 1000, whatever its name was. Homes and mount points can be written by all: a sandbox has one
 * user, whose uid is that of the workspace's owner, and a volume takes mode and owner over when it is new.
 */
const prepareScript = `set -e
fail() { echo "skiff-error: $*"; exit 3; }
[ -e @LOADER@ ] || fail "unsupported: it has no GNU C library (Alpine's and other musl images cannot run the agents)"
command -v useradd >/dev/null || fail "unsupported: it has no useradd, so it is not like Debian"
missing=""
for tool in @REQUIRED@ @WANTED@; do command -v "$tool" >/dev/null || missing="$missing $tool"; done
if [ -n "$missing" ] && command -v apt-get >/dev/null; then
  packages=$(for tool in $missing; do echo "$tool"; done | sed '@RENAMES@')
  echo "skiff-note: installing$missing"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates $packages; } >/tmp/apt.log 2>&1 || true
  rm -rf /var/lib/apt/lists/* /tmp/apt.log
fi
for tool in @REQUIRED@; do
  command -v "$tool" >/dev/null || fail "not_found: it has no $tool, and it could not be installed"
done
for tool in @WANTED@; do
  command -v "$tool" >/dev/null || echo "skiff-note: the base has no $tool; the agent works better with it"
done
name=$(awk -F: '$3 == 1000 { print $1; exit }' /etc/passwd)
group=$(awk -F: '$3 == 1000 { print $1; exit }' /etc/group)
if [ -z "$group" ]; then groupadd -g 1000 agent; group=agent; fi
if [ -z "$name" ]; then
  useradd -u 1000 -g "$group" -d /home/agent -s /bin/bash agent
elif [ "$name" != agent ]; then
  usermod -l agent -d /home/agent -s /bin/bash "$name"
fi
mkdir -p /home/agent
cp -n /etc/skel/.[a-z]* /home/agent/ 2>/dev/null || true
for home in /home/agent /root; do
  for folder in @FOLDERS@; do mkdir -p "$home/$folder"; done
done
chown -R 1000:1000 /home/agent
chmod 0777 /home/agent
find /home/agent /root -mindepth 1 -type d -exec chmod 0777 {} +
echo '# Sourced by every bash of the sandbox: put exports here.' > /etc/sandbox-persistent.sh
chown 1000:1000 /etc/sandbox-persistent.sh
chmod 0666 /etc/sandbox-persistent.sh
echo '[ -f /etc/sandbox-persistent.sh ] && . /etc/sandbox-persistent.sh' > /etc/profile.d/sandbox-persistent.sh
echo '[ -f /etc/sandbox-persistent.sh ] && . /etc/sandbox-persistent.sh' >> /home/agent/.bashrc
`;

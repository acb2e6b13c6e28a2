/**
 * The newest Docker Engine, built from the Go module proxy: nothing newer than Debian's can be had as a
 * package. Takes a few minutes once; what comes out is kept.
 */
import { registryFetch } from "../../build/registry_fetch.ts";
import { fileAccess } from "../../core/archive/random_access.ts";
import { readZipDirectory, readZipEntry } from "../../core/archive/zip.ts";
import { debianPackages } from "./apt.ts";
import { commandOutput, registryCommand } from "./command.ts";
import { withLock } from "./lock.ts";
import { sha256 } from "./packages.ts";
import { part } from "./parts.ts";

const mobyVersion = "v2.0.0-beta.24";
const runcVersion = "v1.3.3";
/** What moby's go.mod asks for. */
const oldestGo = [1, 26, 3];
const goToolchain = {
  version: "v0.0.1-go1.26.8.linux-amd64",
  sha256: "30c2b1bf7dcc88d3eb0a1364e47ddd9128edb3110a30e8a0ef61cd5856b31de7",
};

/** Folder with dockerd, docker-proxy and runc. */
export async function newestEngine(): Promise<string> {
  return await withLock("newest-engine", () =>
    part(`docker/engine-${mobyVersion}`, async (target) => {
      await debianPackages("docker.io", "libseccomp-dev", "pkg-config", "gcc", "libc6-dev");
      const work = await Deno.makeTempDir({ prefix: "skiff-engine-" });
      try {
        await Deno.mkdir(target);
        const go = await goCommand();
        await buildMoby(go, work, target);
        await buildRunc(go, work, target);
      } catch (error) {
        await Deno.remove(target, { recursive: true }).catch(() => {});
        throw error;
      } finally {
        await Deno.remove(work, { recursive: true }).catch(() => {});
      }
    }));
}

async function buildMoby(go: string, work: string, target: string): Promise<void> {
  const cwd = await sources(go, "github.com/moby/moby/v2", mobyVersion, work);
  const tags = "exclude_graphdriver_btrfs exclude_disk_quota no_systemd";
  const version = `-X github.com/moby/moby/v2/dockerversion.Version=${mobyVersion.slice(1)}`;
  const build = ["build", "-mod=mod", "-trimpath", `-ldflags=-s -w ${version}`];
  await registryCommand(go, [...build, `-tags=${tags}`, "-o", `${target}/dockerd`, "./cmd/dockerd"], { cwd });
  await registryCommand(go, [...build, "-o", `${target}/docker-proxy`, "./cmd/docker-proxy"], { cwd });
}

async function buildRunc(go: string, work: string, target: string): Promise<void> {
  const cwd = await sources(go, "github.com/opencontainers/runc", runcVersion, work);
  // The replacement is a module of its own, so the proxy's archive leaves it out; the original does as well.
  await registryCommand(go, ["mod", "edit", "-dropreplace=github.com/opencontainers/selinux"], { cwd });
  const build = ["build", "-mod=mod", "-trimpath", "-ldflags=-s -w", "-tags=seccomp"];
  await registryCommand(go, [...build, "-o", `${target}/runc`, "."], { cwd });
}

/** A writable copy of a module's sources, checked by Go against its checksum database. */
async function sources(go: string, module: string, version: string, work: string): Promise<string> {
  const told = await registryCommand(go, ["mod", "download", "-json", `${module}@${version}`], { cwd: work });
  const folder = `${work}/${module.split("/").at(-1)}`;
  await commandOutput("cp", ["-r", JSON.parse(told).Dir, folder]);
  await commandOutput("chmod", ["-R", "u+w", folder]);
  return folder;
}

/** The machine's Go when it is new enough, else one that Go's own proxy has as a module. */
export async function goCommand(): Promise<string> {
  const installed = await commandOutput("go", ["env", "GOVERSION"], { env: { GOTOOLCHAIN: "local" } })
    .catch(() => undefined);
  const version = /^go(\d+)\.(\d+)(?:\.(\d+))?/.exec(installed ?? "")?.slice(1).map((part) =>
    Number(part ?? 0)
  );
  if (version && compare(version, oldestGo) >= 0) return "go";
  return await goModule();
}

function compare(a: number[], b: number[]): number {
  return a.map((part, i) => part - b[i]).find((difference) => difference !== 0) ?? 0;
}

/** Go's own toolchain module, fetched and checked by digest. */
async function goModule(): Promise<string> {
  if (Deno.build.arch !== "x86_64") throw new Error(`needs Go ${oldestGo.join(".")} on this architecture`);
  const module = `golang.org/toolchain@${goToolchain.version}`;
  const folder = await part(`go/${goToolchain.version}`, async (target) => {
    const proxy = (Deno.env.get("GOPROXY") ?? "").split(/[,|]/).find((entry) => /^https?:/.test(entry)) ??
      "https://proxy.golang.org";
    const archive = `${target}.zip`;
    try {
      const url = `${proxy.replace(/\/$/, "")}/golang.org/toolchain/@v/${goToolchain.version}.zip`;
      const response = await registryFetch(url);
      if (!response.ok || !response.body) throw new Error(`the Go proxy answered ${response.status}`);
      await Deno.writeFile(archive, response.body);
      const digest = await sha256(archive);
      if (digest !== goToolchain.sha256) throw new Error(`${module} has digest ${digest}`);
      await unpack(archive, `${module}/`, target);
    } finally {
      await Deno.remove(archive).catch(() => {});
    }
    // Archives of modules carry no permissions.
    await commandOutput("chmod", ["-R", "+x", `${target}/bin`, `${target}/pkg/tool`]);
  });
  return `${folder}/bin/go`;
}

async function unpack(archive: string, prefix: string, target: string): Promise<void> {
  using source = await fileAccess(archive);
  for (const entry of await readZipDirectory(source)) {
    const path = `${target}/${entry.name.slice(prefix.length)}`;
    if (!entry.name.startsWith(prefix) || path.split("/").includes("..")) continue;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(path, ReadableStream.from(readZipEntry(source, entry)));
  }
}

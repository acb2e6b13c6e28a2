/** The real docker CLI through the filtered socket: what a developer does with it works, and stays the sandbox's. */
import assert from "node:assert/strict";
import {
  createContainer,
  listContainers,
  removeContainer,
  startContainer,
} from "../../../../core/docker/containers.ts";
import { listImages } from "../../../../core/docker/images.ts";
import { skiffPaths } from "../../../../core/paths/paths.ts";
import { ownerLabel, sandboxAccess } from "../../../../core/sandbox/network/access.ts";
import { prepareAccess, removeAccess } from "../../../../core/sandbox/network/prepare.ts";
import { startProxyDaemon } from "../../../../core/sandbox/network/proxy/daemon.ts";
import { sandboxFiles } from "../../../../core/sandbox/network/sandbox_files.ts";
import { busyboxImage, testDocker } from "../../../support/docker.ts";
import { commandOutput } from "../../../support/command.ts";
import { debianPackages } from "../../../support/apt.ts";
import { testForwarder } from "../../../support/forwarder.ts";
import { realTest } from "../../../support/parts.ts";
import { until } from "../../../support/proxy_process.ts";

interface Filtered extends AsyncDisposable {
  /** Runs the docker CLI against the filtered socket; all that it prints, and its exit code at the end. */
  cli(...args: string[]): Promise<string>;
  /** DOCKER_HOST of the filtered socket. */
  host: string;
  workspace: string;
  image: string;
  /** Ids of all containers that belong to the sandbox, as the Engine itself says. */
  owned(): Promise<string[]>;
  images(): Promise<string[]>;
  sandbox: string;
  /** As `sandbox rm` does it. */
  remove(): Promise<void>;
}

async function filtered(): Promise<Filtered> {
  await debianPackages("docker.io");
  const engine = await testDocker();
  const docker = await engine.open();
  const image = await busyboxImage(docker);
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "skdf-" }));
  const workspace = `${folder}/work`;
  await Deno.mkdir(`${workspace}/src`, { recursive: true });
  await Deno.writeTextFile(`${workspace}/src/file`, "from the workspace");
  await Deno.writeTextFile(
    `${workspace}/Dockerfile`,
    `FROM ${image}\nCOPY src/file /file\nRUN cat /file && ls /sys/class/net\n`,
  );
  await commandOutput("chown", ["-R", "1000:1000", workspace]);
  const paths = skiffPaths({ get: (name) => name === "SKIFF_HOME" ? `${folder}/home` : undefined });
  const socket = engine.host.replace("unix://", "");
  const daemon = await startProxyDaemon({ paths });
  const request = {
    sandbox: `d${crypto.randomUUID().slice(0, 8)}`,
    policy: { mode: "allow-list" as const, preset: "locked" as const, allow: [], deny: [] },
    paths,
    forwarder: await testForwarder(),
    docker: { kind: "filtered" as const, socket, workspace, user: "1000:1000", protected: [] },
  };
  await prepareAccess(request, { name: request.sandbox, workspace, agent: "shell", engineSocket: socket });
  await daemon.serve(request.sandbox, {});
  const access = sandboxAccess(request);
  const { Id } = await createContainer(docker, {
    Image: image,
    Entrypoint: [],
    Cmd: access.command,
    Labels: access.labels,
    HostConfig: {
      Mounts: access.mounts,
      NetworkMode: access.networkMode,
      Init: true,
      Memory: 256 * 2 ** 20,
      PidsLimit: 100,
    },
  });
  await startContainer(docker, Id);
  const host = `unix://${sandboxFiles(paths, request.sandbox).sockets}/docker.sock`;
  return {
    host,
    workspace,
    image,
    sandbox: request.sandbox,
    async cli(...args) {
      const { code, stdout, stderr } = await new Deno.Command("docker", {
        args,
        env: { DOCKER_HOST: host, DOCKER_BUILDKIT: "0", HOME: folder },
        stdin: "null",
      }).output();
      const text = new TextDecoder();
      return `${text.decode(stdout)}${text.decode(stderr)}[${code}]`;
    },
    async owned() {
      const found = await listContainers(docker, {
        all: true,
        filters: { label: [`${ownerLabel}=${request.sandbox}`] },
      });
      return found.map((one) => one.Id);
    },
    async images() {
      const found = await listImages(docker, { filters: { label: [`${ownerLabel}=${request.sandbox}`] } });
      return found.map((one) => one.Id);
    },
    async remove() {
      await removeContainer(docker, Id, { force: true });
      await removeAccess(paths, request.sandbox);
    },
    async [Symbol.asyncDispose]() {
      await removeContainer(docker, Id, { force: true }).catch(() => {});
      await removeAccess(paths, request.sandbox).catch(() => {});
      await daemon.close();
      docker.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

realTest("the docker CLI works within its bounds", filtered, async (sandbox, t) => {
  await using _sandbox = sandbox;
  const { cli, image, workspace } = sandbox;
  const tag = `skiff-filter-${sandbox.sandbox}:1`;
  const cases: [string, string[], RegExp][] = [
    ["version", ["version", "--format", "{{.Server.Version}}"], /^\d[^]*\[0\]$/],
    ["run", ["run", "--rm", image, "echo", "hello"], /^hello\n\[0\]$/],
    ["run: the exit code", ["run", "--rm", image, "sh", "-c", "exit 7"], /\[7\]$/],
    ["run: the workspace", [
      "run",
      "--rm",
      "-v",
      `${workspace}:/w`,
      image,
      "sh",
      "-c",
      "cat /w/src/file; id -u; grep CapEff /proc/self/status",
    ], /from the workspace1000\nCapEff:\s+0+\n\[0\]/],
    [
      "run: a part of it",
      ["run", "--rm", "-v", `${workspace}/src:/s:ro`, image, "cat", "/s/file"],
      /mount the whole workspace[^]*\[12[56]\]$/,
    ],
    ["run: no network but the sandbox's", ["run", "--rm", image, "ls", "/sys/class/net"], /^lo\n\[0\]$/],
    ["run: none at all", ["run", "--rm", "--network", "none", image, "ls", "/sys/class/net"], /^lo\n\[0\]$/],
    ["run: limits of the sandbox", [
      "run",
      "--rm",
      image,
      "cat",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ], /268435456|No such file/],
    [
      "run: privileged",
      ["run", "--rm", "--privileged", image, "true"],
      /skiff: HostConfig\.Privileged is not allowed[^]*\[12[56]\]$/,
    ],
    [
      "run: the host's root",
      ["run", "--rm", "-v", "/:/host", image, "true"],
      /only the workspace[^]*\[12[56]\]$/,
    ],
    [
      "run: the host's network",
      ["run", "--rm", "--network", "host", image, "true"],
      /not allowed[^]*\[12[56]\]$/,
    ],
    [
      "run: published ports",
      ["run", "--rm", "-p", "80:80", image, "true"],
      /share the sandbox's network[^]*\[12[56]\]$/,
    ],
    ["run: restarts", ["run", "-d", "--restart", "always", image, "true"], /restart policy is not allowed/],
    ["volume", ["volume", "create", `${sandbox.sandbox}-v`], /\[0\]$/],
    [
      "volume: used",
      ["run", "--rm", "-v", `${sandbox.sandbox}-v:/v`, image, "sh", "-c", "echo kept > /v/x"],
      /\[0\]$/,
    ],
    ["volume: kept", ["run", "--rm", "-v", `${sandbox.sandbox}-v:/v`, image, "cat", "/v/x"], /^kept\n\[0\]$/],
    ["volume: listed", ["volume", "ls", "-q"], new RegExp(`^${sandbox.sandbox}-v\n\\[0\\]$`)],
    [
      "detached",
      ["run", "-d", "--name", `${sandbox.sandbox}-a`, image, "sh", "-c", "echo started; sleep 60"],
      /\[0\]$/,
    ],
    ["ps", ["ps", "--format", "{{.Names}}"], new RegExp(`^${sandbox.sandbox}-a\n\\[0\\]$`)],
    ["logs", ["logs", `${sandbox.sandbox}-a`], /^started\n\[0\]$/],
    ["exec", ["exec", `${sandbox.sandbox}-a`, "echo", "inside"], /^inside\n\[0\]$/],
    ["exec: privileged", ["exec", "--privileged", `${sandbox.sandbox}-a`, "id"], /Privileged is not allowed/],
    ["cp in", ["cp", `${workspace}/src/file`, `${sandbox.sandbox}-a:/tmp/file`], /\[0\]$/],
    ["cp out", ["cp", `${sandbox.sandbox}-a:/tmp/file`, `${workspace}/copy`], /\[0\]$/],
    ["top", ["top", `${sandbox.sandbox}-a`], /sleep 60[^]*\[0\]$/],
    ["inspect", ["inspect", "--format", "{{.State.Running}}", `${sandbox.sandbox}-a`], /^true\n\[0\]$/],
    ["pause", ["pause", `${sandbox.sandbox}-a`], /\[0\]$/],
    ["unpause", ["unpause", `${sandbox.sandbox}-a`], /\[0\]$/],
    ["restart", ["restart", "-t", "0", `${sandbox.sandbox}-a`], /\[0\]$/],
    ["commit", ["commit", `${sandbox.sandbox}-a`, `skiff-filter-${sandbox.sandbox}:2`], /sha256:[^]*\[0\]$/],
    ["stop", ["stop", "-t", "0", `${sandbox.sandbox}-a`], /\[0\]$/],
    ["rm", ["rm", `${sandbox.sandbox}-a`], /\[0\]$/],
    [
      "build",
      ["build", "-t", tag, workspace],
      /from the workspacelo\n[^]*Successfully tagged[^]*\[0\]$/,
    ],
    ["run what was built", ["run", "--rm", tag, "cat", "/file"], /from the workspace\[0\]/],
    ["build over a foreign image", ["build", "-t", image, workspace], /would be replaced[^]*\[1\]$/],
    ["rmi", ["rmi", tag, `skiff-filter-${sandbox.sandbox}:2`], /\[0\]$/],
    ["rmi of a foreign image", ["rmi", image], /not made by this sandbox[^]*\[1\]$/],
    [
      "pull from a registry that the policy does not name",
      ["pull", "registry.example.com/x"],
      /registry registry\.example\.com is blocked[^]*\[1\]$/,
    ],
    ["networks", ["network", "create", "x"], /not allowed in this sandbox[^]*\[1\]$/],
    ["swarm", ["swarm", "init"], /not among what a sandbox may do[^]*\[1\]$/],
  ];
  for (const [name, args, expected] of cases) {
    await t.step(name, async () => assert.match(await cli(...args), expected));
  }
  await t.step("stdin and its end reach an attached container", async () => {
    const child = new Deno.Command("sh", {
      args: ["-c", `echo through | docker run --rm -i ${image} cat`],
      env: { DOCKER_HOST: sandbox.host },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    assert.equal(new TextDecoder().decode((await child.output()).stdout), "through\n");
  });
  await t.step("what it made goes with it", async () => {
    await cli("run", "-d", image, "sleep", "60");
    await cli("build", "-t", tag, workspace);
    await cli("build", "--build-arg", "x=1", workspace);
    assert.equal((await sandbox.owned()).length, 1);
    assert.ok((await sandbox.images()).length >= 1);
    await sandbox.remove();
    await until(async () => (await sandbox.owned()).length === 0 && (await sandbox.images()).length === 0);
  });
});

/**
 * A sandbox made by skiff's own code on a real Engine, with things around it that it must not reach: files,
 * servers, containers, volumes and secrets of the host, each with a mark by which it would be known.
 */
import {
  createContainer,
  inspectContainer,
  removeContainer,
  startContainer,
} from "../../core/docker/containers.ts";
import type { Docker } from "../../core/docker/docker.ts";
import { createVolume, removeVolume } from "../../core/docker/volumes.ts";
import { type Paths, skiffPaths } from "../../core/paths/paths.ts";
import { findAgent } from "../../core/sandbox/agents/mod.ts";
import { runCaptured } from "../../core/sandbox/captured_exec.ts";
import { createSandbox } from "../../core/sandbox/create_sandbox.ts";
import { ensureProxy } from "../../core/sandbox/network/proxy/client.ts";
import { type LogEntry, readLog } from "../../core/sandbox/network/proxy/decision_log.ts";
import { sandboxFiles } from "../../core/sandbox/network/sandbox_files.ts";
import { removeSandbox } from "../../core/sandbox/remove_sandbox.ts";
import type { Sandbox } from "../../core/sandbox/sandbox.ts";
import { defaultSettings } from "../../core/sandbox/settings.ts";
import { findWorkspace } from "../../core/sandbox/workspace.ts";
import type { SandboxRequest, World } from "../../core/sandbox/world.ts";
import { commandOutput } from "./command.ts";
import { busyboxImage, debianBase, testDocker } from "./docker.ts";
import { testForwarder } from "./forwarder.ts";
import { endProxy, proxyStart } from "./proxy_process.ts";

export interface EscapeRoom extends AsyncDisposable {
  docker: Docker;
  paths: Paths;
  sandbox: Sandbox;
  workspace: string;
  /** Folder beside the workspace, with a file `secret`. */
  outside: string;
  /** What marks everything that the sandbox must not see. */
  mark: string;
  /** Value of the credential that only the proxy holds. */
  key: string;
  /** A server on all addresses of the host that says the mark. */
  hostPort: number;
  /** One that the policy allows; it redirects to the other one, and answers /ok. */
  allowedPort: number;
  /** Addresses of the host that containers might reach. */
  hostAddresses: string[];
  /** Ids of a foreign container, and a foreign volume's name, both holding the mark. */
  foreign: { container: string; volume: string; image: string };
  image: string;
  /** Runs a shell script as the agent would, with what the others know as variables. */
  attempt(script: string): Promise<string>;
  log(): Promise<LogEntry[]>;
}

export async function escapeRoom(): Promise<EscapeRoom> {
  const docker = await (await testDocker()).open();
  const [image, foreignImage] = [await debianBase(docker), await busyboxImage(docker)];
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "skescape-" }));
  await Deno.chmod(folder, 0o755);
  const paths = skiffPaths({ get: (name) => name === "SKIFF_HOME" ? `${folder}/home` : undefined });
  const mark = `MARK${crypto.randomUUID().slice(0, 8)}`;
  const key = `sk-KEY${crypto.randomUUID().slice(0, 8)}`;
  const { workspace, outside } = await makeFolders(folder, mark);
  const host = markServer(mark);
  const allowed = redirectServer(host.addr.port);
  await useForwarder(paths);
  await ensureProxy(paths, proxyStart(`${folder}/home`));
  const world: World = {
    docker,
    paths,
    env: { get: (name) => ({ HOME: folder, ANTHROPIC_API_KEY: key })[name] },
    say() {},
  };
  const request = await sandboxRequest(workspace, image, allowed.addr.port);
  const foreign = await makeForeign(docker, foreignImage, mark);
  const sandbox = await createSandbox(world, request);
  const room = {
    docker,
    paths,
    sandbox,
    workspace,
    outside,
    mark,
    key,
    hostPort: host.addr.port,
    allowedPort: allowed.addr.port,
    hostAddresses: hostAddresses(),
    foreign: { ...foreign, image: foreignImage },
    image,
  };
  return {
    ...room,
    attempt: (script) => attempt(room, script),
    log: async () => (await readLog(sandboxFiles(paths, sandbox.key).log)).entries,
    async [Symbol.asyncDispose]() {
      await removeSandbox(world, sandbox);
      await endProxy(paths);
      await removeContainer(docker, foreign.container, { force: true }).catch(() => {});
      await removeVolume(docker, foreign.volume).catch(() => {});
      await Promise.all([host.shutdown(), allowed.shutdown()]);
      docker.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function makeFolders(folder: string, mark: string): Promise<{ workspace: string; outside: string }> {
  const workspace = `${folder}/work space`;
  const outside = `${folder}/outside`;
  await Deno.mkdir(`${workspace}/.vscode`, { recursive: true });
  await Deno.mkdir(`${workspace}/src`);
  await Deno.mkdir(outside);
  await Deno.writeTextFile(`${outside}/secret`, mark);
  await Deno.symlink(outside, `${workspace}/link`);
  await commandOutput("git", ["init", "-q", workspace]);
  await commandOutput("chown", ["-R", "1000:1000", workspace]);
  return { workspace, outside };
}

async function useForwarder(paths: Paths): Promise<void> {
  const program = await testForwarder();
  await Deno.mkdir(`${paths.cache}/sandbox`, { recursive: true });
  await Deno.copyFile(program, `${paths.cache}/sandbox/${program.split("/").at(-1)}`);
}

function markServer(mark: string): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "0.0.0.0", port: 0, onListen() {} }, () => new Response(mark));
}

function redirectServer(port: number): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/ok") return new Response("ALLOWED");
    return new Response(null, { status: 302, headers: { location: `http://127.0.0.1:${port}/` } });
  });
}

async function sandboxRequest(
  workspace: string,
  image: string,
  allowedPort: number,
): Promise<SandboxRequest> {
  const settings = {
    ...defaultSettings,
    template: image,
    credentials: "host" as const,
    dockerSocket: "filtered" as const,
    allow: [`127.0.0.1:${allowedPort}`],
    memory: 512 * 2 ** 20,
    pids: 200,
  };
  return {
    agent: findAgent("claude"),
    workspace: await findWorkspace(workspace, { home: "/nonexistent", guarded: [] }),
    name: `skiff-escape-${crypto.randomUUID().slice(0, 8)}`,
    settings,
    given: {},
    recreate: false,
    pull: "never",
  };
}

async function makeForeign(docker: Docker, image: string, mark: string) {
  const volume = `skiff-foreign-${crypto.randomUUID().slice(0, 8)}`;
  await createVolume(docker, { Name: volume });
  const { Id } = await createContainer(docker, {
    Image: image,
    Cmd: ["sh", "-c", `echo ${mark} > /v/secret; echo ${mark} > /secret; echo ${mark}; exec sleep 3600`],
    Env: [`SECRET=${mark}`],
    HostConfig: {
      Init: true,
      NetworkMode: "none",
      Mounts: [{ Type: "volume", Source: volume, Target: "/v" }],
    },
  });
  await startContainer(docker, Id);
  return { container: Id, volume };
}

function hostAddresses(): string[] {
  const own = Deno.networkInterfaces().filter(({ family, address }) =>
    family === "IPv4" && address !== "127.0.0.1"
  );
  return [...new Set([...own.map(({ address }) => address), "172.17.0.1"])];
}

type Room = Omit<EscapeRoom, "attempt" | "log" | keyof AsyncDisposable>;

/** `docker_` calls the filtered socket: METHOD PATH [JSON]; `proxy` sends raw text to the proxy. */
const prelude = `
exec 2>&1
export LC_ALL=C
docker_() {
  method=$1 path=$2 body=$3; shift 2; [ $# -gt 0 ] && shift
  if [ -n "$body" ]; then set -- -H 'Content-Type: application/json' -d "$body" "$@"; fi
  curl -sS -m 20 --unix-socket /run/skiff/docker.sock -X "$method" "$@" "http://d$path"
}
create() { docker_ POST /containers/create "{\\"Image\\":\\"$IMAGE\\",\\"Cmd\\":[\\"sleep\\",\\"60\\"],\\"HostConfig\\":$1}"; }
made() { case $1 in *'"Id"'*) echo ESCAPED;; esac; }
raw() { printf "$1" | timeout 5 perl -e '
  use IO::Socket::UNIX; my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "no socket\\n";
  local $/; print $s $_ = <STDIN>; $s->flush; while (sysread($s, my $b, 65536)) { print $b }' "$2"; }
cd "$WORK"
`;

async function attempt(room: Room, script: string): Promise<string> {
  const variables = {
    WORK: room.workspace,
    OUTSIDE: room.outside,
    HOST_PORT: room.hostPort,
    ALLOWED_PORT: room.allowedPort,
    HOSTS: room.hostAddresses.join(" "),
    FOREIGN: room.foreign.container,
    FOREIGN_VOLUME: room.foreign.volume,
    FOREIGN_IMAGE: room.foreign.image,
    IMAGE: room.image,
    SELF: room.sandbox.id,
  };
  const { stdout, stderr } = await runCaptured(room.docker, room.sandbox.id, {
    Cmd: ["bash", "-c", `${prelude}\n${script}`],
    Env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    WorkingDir: room.workspace,
  });
  return stdout + stderr;
}

/** Whether the foreign container is as it was. */
export async function foreignIntact({ docker, foreign }: EscapeRoom): Promise<boolean> {
  const { State } = await inspectContainer(docker, foreign.container);
  return State.Running;
}

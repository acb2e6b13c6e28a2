/**
 * `--block-network`: a server with `allowHosts` has no network but a way to those hosts. The way is the sandbox
 * proxy of the host; its forwarder runs in a small container beside the server's, and they share 127.0.0.1.
 */
import { openWait, removeContainer, startContainer } from "../../../core/docker/containers.ts";
import type { Docker } from "../../../core/docker/docker.ts";
import { info } from "../../../core/docker/system.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Paths } from "../../../core/paths/paths.ts";
import { type AccessRequest, sandboxAccess } from "../../../core/sandbox/network/access.ts";
import { ensureForwarder, forwarderArch } from "../../../core/sandbox/network/forwarder.ts";
import { openAccess, prepareAccess, removeAccess } from "../../../core/sandbox/network/prepare.ts";
import type { ProxyStart } from "../../../core/sandbox/network/proxy/client.ts";
import { followLog } from "../../../core/sandbox/network/proxy/decision_log.ts";
import { sandboxFiles } from "../../../core/sandbox/network/sandbox_files.ts";
import { containerLabels, type ContainerSettings } from "./container_config.ts";
import { newContainer } from "./new_container.ts";
import { once } from "./once.ts";
import type { ContainerSpec } from "./server_spec.ts";
import { waitAtMost } from "./wait_at_most.ts";

export interface BlockedNetwork {
  /** For the server's container. */
  settings: ContainerSettings;
  close(): Promise<void>;
}

/** Memory and processors of the container that carries connections. */
const forwarderMemory = 32 * 2 ** 20;

/** For the Engine to have removed a container. */
const removalMs = 10_000;
/** Different targets of one server that are told. */
const mostTold = 100;

/** Rules of the proxy out of "host[:port][/http|https|tcp]". */
export function allowRules(hosts: string[]): string[] {
  return hosts.map((host) => host.replace(/\/(http|https|tcp)$/i, ""));
}

/** Until the signal aborts. Names and ports are told, nothing else of a request. */
async function tellRefusals(
  paths: Paths,
  sandbox: string,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const told = new Set<string>();
  try {
    for await (const { allowed, target, reason } of followLog(sandboxFiles(paths, sandbox).log, 0, signal)) {
      if (allowed || told.has(target) || told.size >= mostTold) continue;
      told.add(target);
      tell(`was refused ${target}: ${reason}`);
    }
  } catch { /* the folder is gone with the server */ }
}

/** Makes the way out. Throws "unsupported" where the Engine does not run on this machine's own kernel. */
export async function blockNetwork(
  docker: Docker,
  spec: ContainerSpec,
  settings: ContainerSettings,
  { paths, signal, log, tell, proxy }: {
    paths: Paths;
    signal: AbortSignal;
    log(line: string): void;
    /** Word of each host that was refused, once. */
    tell(line: string): void;
    proxy?: ProxyStart;
  },
): Promise<BlockedNetwork> {
  const { address } = docker.endpoint;
  if (address.kind !== "unix") {
    throw new SkiffError("unsupported", "--block-network needs an Engine on this machine", {
      hint: "Run the gateway where the Engine runs.",
    });
  }
  const sandbox = `mcp-${crypto.randomUUID().slice(0, 12)}`;
  const { Architecture } = await info(docker, { signal });
  const forwarder = await ensureForwarder(paths, forwarderArch(Architecture), { onNote: log, signal });
  const request: AccessRequest = {
    sandbox,
    paths,
    forwarder,
    policy: { mode: "allow-list", preset: "locked", allow: allowRules(spec.allowHosts), deny: [] },
  };
  const access = sandboxAccess(request);
  const { name } = spec.server.entry;
  await prepareAccess(request, { name, workspace: "/", agent: "mcp", engineSocket: address.path });
  const ended = new AbortController();
  tellRefusals(paths, sandbox, tell, ended.signal);
  let id: string | undefined;
  let removed: Promise<unknown> = Promise.resolve();
  const close = once(async () => {
    ended.abort();
    if (id) await removeContainer(docker, id, { force: true, volumes: true }).catch(() => {});
    await waitAtMost(removalMs, removed); // the Engine may be removing it already
    await removeAccess(paths, sandbox);
  });
  try {
    await openAccess(paths, sandbox, proxy); // makes the folder that is mounted
    id = await newContainer(docker, {
      Image: spec.image,
      Entrypoint: [],
      Cmd: access.command,
      User: "65534:65534",
      Labels: {
        ...containerLabels(spec.server.entry.name, settings.owner),
        ...access.labels,
        "docker-mcp-proxy": "true",
        "docker-mcp-proxy-type": "l7",
      },
      HostConfig: {
        AutoRemove: true,
        Init: true,
        NetworkMode: access.networkMode,
        Mounts: access.mounts,
        Memory: forwarderMemory,
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges"],
        ...(spec.extraHosts.length > 0 ? { ExtraHosts: spec.extraHosts } : {}),
      },
    }, signal);
    removed = (await openWait(docker, id, { condition: "removed" })).answer;
    removed.catch(() => {});
    await startContainer(docker, id, { signal });
  } catch (error) {
    await close();
    throw error;
  }
  return { settings: { ...settings, networkMode: `container:${id}`, env: access.env }, close };
}

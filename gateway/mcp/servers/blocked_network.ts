/**
 * `--block-network`: a server with `allowHosts` has no network but a way to those hosts. The way is the sandbox
 * proxy of the host; its forwarder runs in a small container beside the server's, and they share 127.0.0.1.
 */
import { createContainer, removeContainer, startContainer } from "../../../core/docker/containers.ts";
import type { Docker } from "../../../core/docker/docker.ts";
import { info } from "../../../core/docker/system.ts";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Paths } from "../../../core/paths/paths.ts";
import { type AccessRequest, sandboxAccess } from "../../../core/sandbox/network/access.ts";
import { ensureForwarder, forwarderArch } from "../../../core/sandbox/network/forwarder.ts";
import { openAccess, prepareAccess, removeAccess } from "../../../core/sandbox/network/prepare.ts";
import type { ProxyStart } from "../../../core/sandbox/network/proxy/client.ts";
import { containerLabels, type ContainerSettings } from "./container_config.ts";
import type { ContainerSpec } from "./server_spec.ts";

export interface BlockedNetwork {
  /** For the server's container. */
  settings: ContainerSettings;
  close(): Promise<void>;
}

/** Memory and processors of the container that carries connections. */
const forwarderMemory = 32 * 2 ** 20;

/** Rules of the proxy out of "host[:port][/http|https|tcp]". */
export function allowRules(hosts: string[]): string[] {
  return hosts.map((host) => host.replace(/\/(http|https|tcp)$/i, ""));
}

/** Makes the way out. Throws "unsupported" where the Engine does not run on this machine's own kernel. */
export async function blockNetwork(
  docker: Docker,
  spec: ContainerSpec,
  settings: ContainerSettings,
  { paths, signal, log, proxy }: {
    paths: Paths;
    signal: AbortSignal;
    log(line: string): void;
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
  const name = `mcp-${spec.server.entry.name}`;
  await prepareAccess(request, { name, workspace: "/", agent: "mcp", engineSocket: address.path });
  let id: string | undefined;
  const close = async () => {
    if (id) await removeContainer(docker, id, { force: true, volumes: true }).catch(() => {});
    await removeAccess(paths, sandbox);
  };
  try {
    ({ Id: id } = await createContainer(docker, {
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
    }, { signal }));
    await openAccess(paths, sandbox, proxy);
    await startContainer(docker, id, { signal });
  } catch (error) {
    await close();
    throw error;
  }
  return { settings: { ...settings, networkMode: `container:${id}`, env: access.env }, close };
}

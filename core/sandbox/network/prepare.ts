/** Makes, opens and removes the files and sockets behind a sandbox's access. */
import { SkiffError } from "../../errors/skiff_error.ts";
import type { Paths } from "../../paths/paths.ts";
import { type AccessRequest, sandboxAccess } from "./access.ts";
import type { ForwarderArch } from "./forwarder.ts";
import { type ProxyStart, removeFromProxy, serveSandbox } from "./proxy/client.ts";
import { readRecord, writePolicy, writeRecord } from "./records.ts";
import { sandboxFiles } from "./sandbox_files.ts";

/** What is shown to people about the sandbox, and what the proxy looks for. */
export interface SandboxIdentity {
  /** The container's name. */
  name: string;
  /** Real path. */
  workspace: string;
  agent: string;
  /** Unix socket of the Engine that runs it; absent: it is not a local one. */
  engineSocket?: string;
}

/**
 * Writes the policy and the record of a sandbox that is about to be created. Secrets are not in them.
 * Throws "forbidden" when the folders are not the user's own, "unsupported" where sockets cannot be mounted,
 * "disk_full".
 */
export async function prepareAccess(request: AccessRequest, identity: SandboxIdentity): Promise<void> {
  if (sandboxAccess(request).proxied) checkReach();
  await writePolicy(request.paths, request.sandbox, request.policy);
  await writeRecord(request.paths, {
    sandbox: request.sandbox,
    ...identity,
    created: new Date().toISOString(),
    forwarder: request.forwarder,
    model: request.model,
    mcp: request.mcp,
    credentials: request.credentials ?? [],
    docker: request.docker?.kind === "filtered" ? request.docker : undefined,
  });
}

/** A socket of this system cannot be mounted into the virtual machine that an Engine runs in elsewhere. */
export function checkReach(os: string = Deno.build.os): void {
  if (os === "linux") return;
  throw new SkiffError(
    "unsupported",
    "A sandbox's proxy is reached through sockets, which needs an Engine on Linux",
    {
      hint: "Use `--network open` here, or `--network none` without a model and without a Docker socket.",
    },
  );
}

export interface OpenAccessOptions extends ProxyStart {
  /** Values of the secrets by name; the proxy keeps them in memory only, so give them at each run. */
  secrets?: Record<string, string>;
}

/**
 * Has the proxy serve the sandbox's sockets; starts the proxy when none runs. To be called before each start
 * of the container and before each exec: cheap when all is there. Resolves when the sockets listen.
 * Throws "not_found" when the sandbox was never prepared, "unavailable" when the proxy cannot start.
 */
export async function openAccess(
  paths: Paths,
  sandbox: string,
  options: OpenAccessOptions = {},
): Promise<void> {
  const record = await readRecord(paths, sandbox);
  if (!record) {
    throw new SkiffError("not_found", `Nothing is known of the network of the sandbox ${sandbox}`, {
      hint: "Create it anew: `skiff sandbox run --recreate`.",
    });
  }
  await restoreForwarder(paths, record.forwarder, options.onStart);
  await serveSandbox(paths, sandbox, options.secrets ?? {}, options);
}

/** The container cannot start without the file that it mounts, and the cache folder may have been emptied. */
async function restoreForwarder(
  paths: Paths,
  forwarder: string,
  onNote?: (line: string) => void,
): Promise<void> {
  const there = await Deno.stat(forwarder).then(() => true, () => false);
  const arch = /forwarder-(x86_64|aarch64)-[0-9a-f]+$/.exec(forwarder)?.[1] as ForwarderArch | undefined;
  if (there || !arch) return;
  const { ensureForwarder } = await import("./forwarder.ts");
  const made = await ensureForwarder(paths, arch, { onNote });
  if (made !== forwarder) await Deno.copyFile(made, forwarder); // one of an older skiff
}

/**
 * Ends the access of a removed sandbox, deletes its files and what it made through its Docker socket. Nothing
 * happens when there are none.
 */
export async function removeAccess(paths: Paths, sandbox: string): Promise<void> {
  const record = await readRecord(paths, sandbox).catch(() => undefined);
  await removeFromProxy(paths, sandbox);
  if (record?.docker) await removeMade(record.docker.socket, sandbox);
  const { sockets, state } = sandboxFiles(paths, sandbox);
  for (const folder of [sockets, state]) {
    await Deno.remove(folder, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

/** The proxy does it as well, where it runs and sees the container go. */
async function removeMade(socket: string, sandbox: string): Promise<void> {
  const [{ openDocker }, { removeOwned }] = await Promise.all([
    import("../../docker/docker.ts"),
    import("./proxy/engine_watch.ts"),
  ]);
  using docker = await openDocker({ host: `unix://${socket}` });
  await removeOwned(docker, sandbox);
}

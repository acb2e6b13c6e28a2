/** Starts any kind of server: what a gateway's sessions call. */
import type { Docker } from "../../../core/docker/docker.ts";
import { openDocker } from "../../../core/docker/docker.ts";
import type { Paths } from "../../../core/paths/paths.ts";
import type { ProxyStart } from "../../../core/sandbox/network/proxy/client.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import { bindRules } from "./bind_rules.ts";
import type { BlockedNetwork } from "./blocked_network.ts";
import { openContainer } from "./container.ts";
import type { ContainerLimits, ContainerSettings } from "./container_config.ts";
import { removeOrphans, thisOwner } from "./container_owner.ts";
import { ServerImages, type VerifyImage } from "./images.ts";
import { serverSpec } from "./launch.ts";
import { openLocal } from "./local.ts";
import { Reaper } from "./reaper.ts";
import type { RemoteSettings } from "./remote.ts";
import { insecureRemotes } from "./insecure_remotes.ts";
import type { OpenServerOptions, ServerConnection } from "./server.ts";
import type { ContainerSpec, ServerSpec } from "./server_spec.ts";
import { openStatic } from "./static.ts";

export interface ServerStarterOptions {
  env: { get(name: string): string | undefined };
  paths: Paths;
  limits: ContainerLimits;
  blockNetwork: boolean;
  isStatic: boolean;
  verifyImage?: VerifyImage;
  oauth?: RemoteSettings["oauth"];
  /** For people. */
  log(line: string): void;
  /** Hears of each start, with what is started. */
  starts?(spec: ServerSpec): void;
  /** Tell to which addresses the names of remote servers resolve. */
  debugDns?: boolean;
  /** Milliseconds for a server's handshake, once it runs. */
  handshakeMs?: number;
  /** How the sandbox proxy is started; default: skiff itself. */
  proxy?: ProxyStart;
}

const defaultHandshakeMs = 60_000;

/** Starts servers; has one connection to the Engine, made when the first container is wanted. */
export class ServerStarter {
  readonly #options: ServerStarterOptions;
  readonly #images: ServerImages;
  readonly #reaper = new Reaper();
  #docker?: Promise<Docker>;
  #owner?: Promise<string>;

  constructor(options: ServerStarterOptions) {
    this.#options = options;
    this.#images = new ServerImages(options.verifyImage);
  }

  /** Throws `SkiffError` that says why the server is not there. */
  async open(server: EnabledServer, options: OpenServerOptions): Promise<ServerConnection> {
    const { env, isStatic } = this.#options;
    const spec = await serverSpec(server, { env, binds: bindRules(env), isStatic, log: options.tell });
    this.#options.starts?.(spec);
    if (spec.kind === "container") return await this.#openContainer(spec, options);
    return await withDeadline(
      this.#options.handshakeMs ?? defaultHandshakeMs,
      options,
      (timed) => this.#openOther(spec, timed),
    );
  }

  /** Pulls and checks the image of a server, if it has one; `--dry-run` and adding a server do so first. */
  async ready(server: EnabledServer, signal: AbortSignal): Promise<void> {
    if (this.#options.isStatic || !server.entry.image) return;
    const log = (line: string) => this.#options.log(`- ${server.entry.name}: ${line}`);
    await this.#images.ready(await this.docker(), server.entry.image, log, signal);
  }

  /** The Engine; what gateways that were killed have left behind is removed when it is first asked for. */
  docker(): Promise<Docker> {
    this.#docker ??= this.#connect();
    this.#docker.catch(() => this.#docker = undefined);
    return this.#docker;
  }

  async close(): Promise<void> {
    const docker = await this.#docker?.catch(() => undefined);
    docker?.close();
    await this.#reaper.close();
  }

  async #connect(): Promise<Docker> {
    const docker = await openDocker({ env: this.#options.env });
    removeOrphans(docker, this.#options.paths).then((count) => {
      if (count > 0) {
        this.#options.log(`> Removed ${count} containers that an earlier gateway had left behind`);
      }
    }, () => {});
    return docker;
  }

  async #settings(): Promise<ContainerSettings> {
    this.#owner ??= thisOwner();
    await this.#reaper.containers();
    const privileged = this.#options.env.get("DOCKER_MCP_IN_DIND") === "1";
    return { ...this.#options.limits, owner: await this.#owner, privileged };
  }

  async #openContainer(spec: ContainerSpec, options: OpenServerOptions): Promise<ServerConnection> {
    const { handshakeMs = defaultHandshakeMs } = this.#options;
    const docker = await this.docker();
    const image = await this.#images.ready(docker, spec.image, options.tell, options.signal);
    const verified = { ...spec, image };
    const settings = await this.#settings();
    return await withDeadline(handshakeMs, options, async (timed) => {
      const way = await this.#way(verified, settings, timed);
      if (!way) return await openContainer(docker, verified, settings, timed);
      try {
        const connection = await openContainer(docker, verified, way.settings, timed);
        connection.closed.then(() => way.close());
        return { ...connection, close: () => connection.close().finally(() => way.close()) };
      } catch (error) {
        await way.close();
        throw error;
      }
    });
  }

  /** The way out of a server that has one to some hosts only. */
  async #way(
    spec: ContainerSpec,
    settings: ContainerSettings,
    { signal, log, tell }: OpenServerOptions,
  ): Promise<BlockedNetwork | undefined> {
    const { blockNetwork: isOn, paths, proxy } = this.#options;
    if (!isOn || spec.allowHosts.length === 0 || spec.disableNetwork) return undefined;
    const { blockNetwork } = await import("./blocked_network.ts");
    return await blockNetwork(await this.docker(), spec, settings, { paths, signal, log, tell, proxy });
  }

  async #openOther(spec: ServerSpec, options: OpenServerOptions): Promise<ServerConnection> {
    const { env, oauth } = this.#options;
    switch (spec.kind) {
      case "remote": {
        const insecure = insecureRemotes(env);
        const told = this.#options.debugDns ? options.log : undefined;
        const { openRemote } = await import("./remote.ts");
        return await openRemote(spec, { insecure, oauth, told }, options);
      }
      case "local":
        return await openLocal(spec, options, (pid) => this.#reaper.group(pid));
      case "static":
        return await openStatic(spec, options);
      default: {
        const { openOneShot } = await import("./one_shot.ts");
        return await openOneShot(spec as Extract<ServerSpec, { kind: "one-shot" }>, {
          docker: () => this.docker(),
          settings: () => this.#settings(),
          way: (spec, settings, signal) => this.#way(spec, settings, { ...options, signal }),
          binds: bindRules(env),
          imageReady: async (image, signal) =>
            await this.#images.ready(await this.docker(), image, options.tell, signal),
        }, options);
      }
    }
  }
}

/** Runs a start that must be over in time. */
async function withDeadline(
  ms: number,
  options: OpenServerOptions,
  open: (options: OpenServerOptions) => Promise<ServerConnection>,
): Promise<ServerConnection> {
  const late = new AbortController();
  const reason = new Error(`it did not answer the handshake within ${Math.round(ms / 1000)} s`);
  const timer = setTimeout(() => late.abort(reason), ms);
  try {
    return await open({ ...options, signal: AbortSignal.any([options.signal, late.signal]) });
  } finally {
    clearTimeout(timer);
  }
}

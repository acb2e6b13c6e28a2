/** Builds by the Engine's own (classic) builder, which every Engine has: the context goes up as a tar. */
import type { Abortable } from "./containers.ts";
import type { Docker } from "./docker.ts";
import { progress } from "./image_transfer.ts";
import { registryConfig } from "./registry_auth.ts";
import type { Ulimit } from "./types/host_config.ts";
import type { BuildMessage } from "./types/image.ts";

export interface BuildOptions extends Abortable {
  tags?: string[];
  /** Path in the context. Default "Dockerfile". */
  dockerfile?: string;
  /** Null takes the value of the Engine's environment. */
  buildArgs?: Record<string, string | null>;
  target?: string;
  labels?: Record<string, string>;
  networkMode?: string;
  platform?: string;
  cacheFrom?: string[];
  noCache?: boolean;
  /** Always look for newer base images. */
  pull?: boolean;
  /** Removes the containers of the steps. Default true; `forceRemove` also after a failure. */
  remove?: boolean;
  forceRemove?: boolean;
  /** "host:address" */
  extraHosts?: string[];
  shmSize?: number;
  memory?: number;
  memorySwap?: number;
  cpuQuota?: number;
  cpuPeriod?: number;
  cpusetCpus?: string;
  ulimits?: Ulimit[];
  squash?: boolean;
  /** Registries whose log-ins the build may use, e.g. "docker.io". */
  registries?: string[];
  env?: { get(name: string): string | undefined };
}

/**
 * Builds from a tar (plain or compressed). The messages as they come: `stream` is what the builder prints,
 * `aux.ID` the image. Stopping early stops the build. Throws the Engine's error for a step that fails
 * (`details.exitCode` is its status) and what the context's source throws.
 */
export async function* buildImage(
  docker: Docker,
  context: Uint8Array | AsyncIterable<Uint8Array>,
  options: BuildOptions = {},
): AsyncGenerator<BuildMessage> {
  const headers = {
    "Content-Type": "application/x-tar",
    "X-Registry-Config": await registryConfig(options.registries ?? [], options.env),
  };
  yield* progress<BuildMessage>(docker, "/build", {
    query: buildQuery(options),
    headers,
    body: context,
    signal: options.signal,
  });
}

function buildQuery(options: BuildOptions) {
  const { buildArgs, labels, cacheFrom, extraHosts, ulimits } = options;
  const json = (value: unknown) => value === undefined ? undefined : JSON.stringify(value);
  return {
    version: "1",
    t: options.tags,
    dockerfile: options.dockerfile,
    target: options.target,
    networkmode: options.networkMode,
    platform: options.platform,
    nocache: options.noCache,
    pull: options.pull,
    rm: options.remove ?? true,
    forcerm: options.forceRemove,
    shmsize: options.shmSize,
    memory: options.memory,
    memswap: options.memorySwap,
    cpuquota: options.cpuQuota,
    cpuperiod: options.cpuPeriod,
    cpusetcpus: options.cpusetCpus,
    squash: options.squash,
    extrahosts: extraHosts?.join(","),
    buildargs: json(buildArgs),
    labels: json(labels),
    cachefrom: json(cacheFrom),
    ulimits: json(ulimits),
  };
}

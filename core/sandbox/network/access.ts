/**
 * What a container needs for its way out, as a value: mounts, environment, keep-alive command, labels. The
 * files and sockets behind it are made by prepare.ts, and served by the proxy.
 */
import type { Paths } from "../../paths/paths.ts";
import type { CredentialRule } from "./credential_rule.ts";
import type { NetworkPolicy } from "./policy.ts";
import { sandboxFiles } from "./sandbox_files.ts";

/** Ports on 127.0.0.1 inside a sandbox. */
export const insidePorts = { proxy: 3128, credentials: 3129, mcp: 3130, model: 12434 } as const;

/** Where the folder of sockets lies inside, and the forwarder. */
export const insideFolder = "/run/skiff";
export const insideForwarder = "/run/skiff-forwarder";

/** Label of the container that the proxy knows a sandbox by. Its value is `AccessRequest.sandbox`. */
export const accessLabel = "skiff.sandbox.access";

/** Label of everything that a sandbox made through its filtered Docker socket; the same value. */
export const ownerLabel = "skiff.sandbox.owner";

/** A bind mount in the Engine's own words. */
export interface BindMount {
  Type: "bind";
  Source: string;
  Target: string;
  ReadOnly: boolean;
}

/** The local model server as the sandbox may use it. */
export interface ModelAccess {
  /** Names that requests may carry, e.g. ["smollm2", "ai/smollm2", "ai/smollm2:latest"]. */
  names: string[];
  /** Unix socket of the server on the host. */
  socket: string;
}

/** The MCP gateway as the sandbox may use it. */
export interface McpAccess {
  /** Where it listens: a unix socket, or a port on loopback. */
  socket?: string;
  port?: number;
  /** Path of the endpoint. Default "/mcp". */
  path?: string;
}

export interface DockerAccess {
  kind: "filtered" | "raw";
  /** Unix socket of the Engine on the host. */
  socket: string;
  /** Real path of the workspace; binds must lie in it. Absent: no binds. */
  workspace?: string;
  /** Mounts over the workspace's own (protection.ts), parents first: every container with a bind gets them. */
  protected?: { path: string; readOnly: boolean }[];
  /** "uid:gid" that containers with a bind of the workspace run as; the sandbox's own. */
  user?: string;
  /** Group of the raw socket's file; the container gets it. */
  gid?: number;
}

export interface AccessRequest {
  /** Short unique id, also a folder's name: letters, digits, `-`, `_`, at most 32. Not the container's name. */
  sandbox: string;
  policy: NetworkPolicy;
  paths: Paths;
  /** Host path of the forwarder (forwarder.ts) for the Engine's processor. */
  forwarder: string;
  model?: ModelAccess;
  mcp?: McpAccess;
  /** Credentials to add on the host side. */
  credentials?: CredentialRule[];
  docker?: DockerAccess;
}

export interface SandboxAccess {
  /** For `HostConfig.NetworkMode`: "none", or "bridge" in the mode `open`. */
  networkMode: "none" | "bridge";
  /** For `HostConfig.Mounts`. */
  mounts: BindMount[];
  /** For `HostConfig.GroupAdd`. */
  groupAdd: string[];
  /** For `Env`. */
  env: string[];
  /** Keep-alive: `Entrypoint: []`, `Cmd: command`, with `Init: true`. Needs nothing of the image. */
  command: string[];
  labels: Record<string, string>;
  /** Symbolic links to make in the container (by `PUT /archive`), for programs that look in fixed places. */
  links: { path: string; target: string }[];
  /** Base URLs inside. */
  endpoints: {
    /** "http://127.0.0.1:12434"; add "/v1" for OpenAI clients. */
    model?: string;
    /** "http://127.0.0.1:3130/mcp" */
    mcp?: string;
    /** By provider: "http://127.0.0.1:3129/anthropic" */
    credentials: Record<string, string>;
  };
  /** Whether the proxy must run while the sandbox does; `openAccess` is then called before each start. */
  proxied: boolean;
}

/** What the create body gets. Pure: nothing is made or asked. */
export function sandboxAccess(request: AccessRequest): SandboxAccess {
  const { policy, model, mcp, docker } = request;
  const credentials = request.credentials ?? [];
  const filtered = policy.mode === "allow-list";
  const mappings: string[] = [];
  const listen = (port: number, socket: string) => mappings.push(`${port}=${insideFolder}/${socket}`);
  if (filtered) listen(insidePorts.proxy, "proxy.sock");
  if (credentials.length > 0) listen(insidePorts.credentials, "credentials.sock");
  if (mcp) listen(insidePorts.mcp, "mcp.sock");
  if (model) listen(insidePorts.model, "model.sock");
  const proxied = mappings.length > 0 || docker?.kind === "filtered";
  const { sockets } = sandboxFiles(request.paths, request.sandbox);
  const mounts: BindMount[] = [bind(request.forwarder, insideForwarder, true)];
  if (proxied) mounts.push(bind(sockets, insideFolder, true));
  if (docker?.kind === "raw") mounts.push(bind(docker.socket, "/var/run/docker.sock", false));
  const filteredDocker = docker?.kind === "filtered";
  return {
    networkMode: policy.mode === "open" ? "bridge" : "none",
    mounts,
    groupAdd: docker?.kind === "raw" && docker.gid !== undefined ? [String(docker.gid)] : [],
    env: [
      ...(filtered ? proxyEnvironment() : []),
      ...(filteredDocker ? [`DOCKER_HOST=unix://${insideFolder}/docker.sock`, "DOCKER_BUILDKIT=0"] : []),
    ],
    command: [insideForwarder, ...mappings],
    labels: { [accessLabel]: request.sandbox },
    links: filteredDocker ? [{ path: "/var/run/docker.sock", target: `${insideFolder}/docker.sock` }] : [],
    endpoints: {
      model: model ? `http://127.0.0.1:${insidePorts.model}` : undefined,
      mcp: mcp ? `http://127.0.0.1:${insidePorts.mcp}${mcp.path ?? "/mcp"}` : undefined,
      credentials: Object.fromEntries(
        credentials.map((
          { provider },
        ) => [provider, `http://127.0.0.1:${insidePorts.credentials}/${provider}`]),
      ),
    },
    proxied,
  };
}

function bind(source: string, target: string, readOnly: boolean): BindMount {
  return { Type: "bind", Source: source, Target: target, ReadOnly: readOnly };
}

/** Programs differ in which case they read; node asks for a switch before it reads any. */
export function proxyEnvironment(): string[] {
  const url = `http://127.0.0.1:${insidePorts.proxy}`;
  const values = {
    HTTP_PROXY: url,
    HTTPS_PROXY: url,
    ALL_PROXY: url,
    NO_PROXY: "localhost,127.0.0.1,::1",
  };
  const pairs = Object.entries(values).flatMap(([name, value]) => [
    `${name}=${value}`,
    `${name.toLowerCase()}=${value}`,
  ]);
  return [...pairs, "NODE_USE_ENV_PROXY=1"];
}

/**
 * Which Engine to talk to, found as Docker finds it: an address given, DOCKER_HOST, DOCKER_CONTEXT, the current
 * context of config.json, then the sockets that Docker and its relatives make.
 */
import { SkiffError } from "../errors/skiff_error.ts";
import { type DockerAddress, formatAddress, parseAddress, type TlsMaterial } from "./address.ts";
import {
  dockerConfigFolder,
  type Environment,
  homeFolder,
  readConfigFile,
  readContext,
  readTlsFolder,
} from "./context_store.ts";

export interface DockerEndpoint {
  address: DockerAddress;
  /** The address as Docker writes it. */
  url: string;
  /** What named it: "DOCKER_HOST", `context "remote"`, "Docker's default socket". */
  source: string;
}

export interface EndpointOptions {
  env?: Environment;
  /** An address, as `docker --host` takes it. */
  host?: string;
  /** A context's name, as `docker --context` takes it. */
  context?: string;
  os?: string;
  uid?: number | null;
}

/**
 * The endpoints to try in order: one when the user named it, else every place where a socket may be.
 * Throws "usage", "not_found" (no such context) or "invalid_input" (a damaged file).
 */
export async function findEndpoints(options: EndpointOptions = {}): Promise<DockerEndpoint[]> {
  const { env = Deno.env, host, context } = options;
  if (host && context) {
    throw new SkiffError("usage", "An Engine's address and a context exclude each other", {
      hint: "Give one of them.",
    });
  }
  if (host) return [addressed(host, "the given address", env)];
  if (context) return await fromContext(context, `context "${context}"`, options);
  const variable = env.get("DOCKER_HOST");
  if (variable) return [addressed(variable, "DOCKER_HOST", env)];
  const named = env.get("DOCKER_CONTEXT");
  if (named) return await fromContext(named, `context "${named}" (DOCKER_CONTEXT)`, options);
  const { currentContext } = readConfigFile(env);
  if (currentContext) {
    const source = `context "${currentContext}" (${dockerConfigFolder(env)}/config.json)`;
    return await fromContext(currentContext, source, options);
  }
  return socketPlaces(options);
}

function addressed(url: string, source: string, env: Environment): DockerEndpoint {
  const isTcp = /^(tcp|https?):/i.test(url);
  return endpoint(parseAddress(url, isTcp ? environmentTls(env) : undefined), source);
}

async function fromContext(
  name: string,
  source: string,
  options: EndpointOptions,
): Promise<DockerEndpoint[]> {
  if (name === "default") return socketPlaces(options);
  return [endpoint(await readContext(name, options.env ?? Deno.env), source)];
}

function endpoint(address: DockerAddress, source: string): DockerEndpoint {
  return { address, url: formatAddress(address), source };
}

/** DOCKER_TLS_VERIFY (any value), DOCKER_TLS (without verification), DOCKER_CERT_PATH. */
function environmentTls(env: Environment): TlsMaterial | undefined {
  const verify = Boolean(env.get("DOCKER_TLS_VERIFY"));
  if (!verify && !env.get("DOCKER_TLS")) return undefined;
  const folder = env.get("DOCKER_CERT_PATH") || dockerConfigFolder(env);
  const material = folder ? readTlsFolder(folder) : {};
  if (verify && env.get("DOCKER_CERT_PATH") && material.ca === undefined) {
    throw new SkiffError("invalid_input", `There is no ca.pem in DOCKER_CERT_PATH (${folder})`, {
      hint: "Put ca.pem, cert.pem and key.pem there, or unset DOCKER_TLS_VERIFY and DOCKER_CERT_PATH.",
    });
  }
  return { ...material, verify };
}

/** Every place where Docker or a relative of it makes a socket, the usual ones first. */
function socketPlaces(
  { env = Deno.env, os = Deno.build.os, uid = userId() }: EndpointOptions,
): DockerEndpoint[] {
  if (os === "windows") {
    return [
      pipe("docker_engine", "Docker's default pipe"),
      pipe("dockerDesktopLinuxEngine", "Docker Desktop"),
      pipe("podman-machine-default", "Podman"),
    ];
  }
  const home = homeFolder(env);
  const runtime = env.get("XDG_RUNTIME_DIR") ||
    (os === "linux" && uid !== null ? `/run/user/${uid}` : undefined);
  const colima = env.get("COLIMA_HOME") || (home && `${home}/.colima`);
  const places: [string | undefined, string, string][] = [
    ["", "/var/run/docker.sock", "Docker's default socket"],
    [home, "/.docker/run/docker.sock", "Docker Desktop"],
    [home, "/.docker/desktop/docker.sock", "Docker Desktop"],
    [colima, "/default/docker.sock", "Colima"],
    [home, "/.config/colima/default/docker.sock", "Colima"],
    [home, "/.orbstack/run/docker.sock", "OrbStack"],
    [home, "/.rd/docker.sock", "Rancher Desktop"],
    [home, "/.lima/docker/sock/docker.sock", "Lima"],
    [runtime, "/docker.sock", "rootless Docker"],
    [runtime, "/podman/podman.sock", "Podman"],
    [home, "/.local/share/containers/podman/machine/podman.sock", "Podman"],
    ["", "/run/podman/podman.sock", "Podman"],
  ];
  return places.filter(([root]) => root !== undefined)
    .map(([root, path, source]) => endpoint({ kind: "unix", path: `${root}${path}` }, source));
}

function pipe(name: string, source: string): DockerEndpoint {
  return endpoint({ kind: "npipe", path: `\\\\.\\pipe\\${name}` }, source);
}

function userId(): number | null {
  return Deno.build.os === "windows" ? null : Deno.uid();
}

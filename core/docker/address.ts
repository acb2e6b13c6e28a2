/** Where an Engine listens, and the URLs that Docker writes that down with (`docker -H`, DOCKER_HOST). */
import { SkiffError } from "../errors/skiff_error.ts";

export interface TlsMaterial {
  /** PEM texts. Without `ca` the system's authorities vouch for the Engine. */
  ca?: string;
  cert?: string;
  key?: string;
  /** Check the Engine's certificate and name. */
  verify: boolean;
}

export interface UnixAddress {
  kind: "unix";
  path: string;
}

export interface TcpAddress {
  kind: "tcp";
  hostname: string;
  port: number;
  /** "/prefix" before every path, when the URL has one. */
  basePath?: string;
  tls?: TlsMaterial;
}

export interface SshAddress {
  kind: "ssh";
  host: string;
  user?: string;
  port?: number;
  /** The Engine's socket on the far side, when it is not that side's default. */
  socket?: string;
}

export interface PipeAddress {
  kind: "npipe";
  /** `\\.\pipe\docker_engine` */
  path: string;
}

export type DockerAddress = UnixAddress | TcpAddress | SshAddress | PipeAddress;

const plainPort = 2375;
const tlsPort = 2376;

/**
 * Reads `unix:///path`, `tcp://host[:port][/prefix]`, `http://…`, `https://…`, `ssh://[user@]host[:port][/socket]`
 * and `npipe:////./pipe/name`. `tls` is used for tcp addresses. Throws "usage".
 */
export function parseAddress(url: string, tls?: TlsMaterial): DockerAddress {
  const match = /^([a-z]+):\/\/(.*)$/is.exec(url.trim());
  if (!match) throw unreadable(url, "it has no scheme");
  const [scheme, rest] = [match[1].toLowerCase(), match[2]];
  switch (scheme) {
    case "unix":
      if (rest === "") throw unreadable(url, "it has no path");
      return { kind: "unix", path: rest };
    case "npipe":
      return { kind: "npipe", path: rest.replaceAll("/", "\\") };
    case "tcp":
    case "http":
    case "https":
      return tcpAddress(url, scheme, rest, tls);
    case "ssh":
      return sshAddress(url, rest);
    default:
      throw unreadable(url, `skiff knows no ${scheme}:// addresses`);
  }
}

function tcpAddress(url: string, scheme: string, rest: string, tls?: TlsMaterial): TcpAddress {
  const { hostname, port, pathname } = parsedUrl(url, rest);
  const secured = tls ?? (scheme === "https" ? { verify: true } : undefined);
  return {
    kind: "tcp",
    hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port ? Number(port) : secured ? tlsPort : plainPort,
    ...(pathname.length > 1 ? { basePath: pathname.replace(/\/+$/, "") } : {}),
    ...(secured ? { tls: secured } : {}),
  };
}

function sshAddress(url: string, rest: string): SshAddress {
  const { hostname, port, username, password, pathname } = parsedUrl(url, rest);
  if (password) throw unreadable(url, "ssh takes no password from an address");
  const [host, user] = [hostname.replace(/^\[(.*)\]$/, "$1"), decodeURIComponent(username)];
  // A leading dash would be read as an option of ssh.
  if (host.startsWith("-") || user.startsWith("-")) throw unreadable(url, "a name starts with a dash");
  return {
    kind: "ssh",
    host,
    ...(user ? { user } : {}),
    ...(port ? { port: Number(port) } : {}),
    ...(pathname.length > 1 ? { socket: decodeURIComponent(pathname) } : {}),
  };
}

/** The parts of what follows the scheme, which only special schemes are split for by `URL`. */
function parsedUrl(url: string, rest: string): URL {
  try {
    // Port 80 would be dropped as http's default, so the scheme must be one without a default port.
    const parsed = new URL(`skiff://${rest}`);
    if (parsed.hostname === "") throw new TypeError("no host");
    return parsed;
  } catch (error) {
    throw unreadable(url, "it has no valid host and port", error);
  }
}

function unreadable(url: string, reason: string, cause?: unknown): SkiffError {
  return new SkiffError("usage", `Cannot use the Docker address ${JSON.stringify(url)}: ${reason}`, {
    hint: "Write unix:///var/run/docker.sock, tcp://HOST:2376 or ssh://USER@HOST.",
    cause,
  });
}

/** The address as Docker writes it. */
export function formatAddress(address: DockerAddress): string {
  switch (address.kind) {
    case "unix":
      return `unix://${address.path}`;
    case "npipe":
      return `npipe://${address.path.replaceAll("\\", "/")}`;
    case "tcp": {
      const host = address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname;
      return `tcp://${host}:${address.port}${address.basePath ?? ""}`;
    }
    case "ssh": {
      const host = address.host.includes(":") ? `[${address.host}]` : address.host;
      const user = address.user ? `${address.user}@` : "";
      return `ssh://${user}${host}${address.port ? `:${address.port}` : ""}${address.socket ?? ""}`;
    }
  }
}

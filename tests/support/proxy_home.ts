/** The sandbox proxy in this process, in a home of its own, and a raw client of its sockets. */
import { type Paths, skiffPaths } from "../../core/paths/paths.ts";
import type { AccessRequest } from "../../core/sandbox/network/access.ts";
import { prepareAccess } from "../../core/sandbox/network/prepare.ts";
import type { NetworkPolicy } from "../../core/sandbox/network/policy.ts";
import { type ProxyDaemon, startProxyDaemon } from "../../core/sandbox/network/proxy/daemon.ts";
import type { DialParts } from "../../core/sandbox/network/proxy/dial.ts";
import { type LogEntry, readLog } from "../../core/sandbox/network/proxy/decision_log.ts";
import { sandboxFiles } from "../../core/sandbox/network/sandbox_files.ts";

export interface ProxyHome extends AsyncDisposable {
  paths: Paths;
  daemon: ProxyDaemon;
  /** Makes a sandbox's files and has the proxy serve them. */
  sandbox(
    id: string,
    policy: Partial<NetworkPolicy>,
    more?: Partial<AccessRequest>,
    secrets?: Record<string, string>,
  ): Promise<SandboxClient>;
}

export interface SandboxClient {
  id: string;
  /** Sends text to one of its sockets and gives all that comes back, until the end or `until`. */
  send(socket: string, text: string, until?: RegExp): Promise<string>;
  connect(socket: string): Promise<Deno.UnixConn>;
  log(): Promise<LogEntry[]>;
}

/** `names`: what the proxy resolves, instead of the system; `parts`: a parent proxy, trusted certificates. */
export async function proxyHome(
  names: Record<string, string[]> = {},
  parts: Partial<DialParts> = {},
): Promise<ProxyHome> {
  const folder = await Deno.makeTempDir({ prefix: "skproxy-" });
  const paths = skiffPaths({ get: (name) => name === "SKIFF_HOME" ? folder : undefined });
  const resolve = (name: string) =>
    names[name] ? Promise.resolve(names[name]) : Promise.reject(new Error("no such name"));
  const daemon = await startProxyDaemon({ paths, dialParts: { resolve, ...parts } });
  return {
    paths,
    daemon,
    async sandbox(id, policy, more = {}, secrets = {}) {
      const whole: NetworkPolicy = { mode: "allow-list", preset: "locked", allow: [], deny: [], ...policy };
      await prepareAccess({ sandbox: id, policy: whole, paths, forwarder: "/none", ...more }, {
        name: id,
        workspace: folder,
        agent: "shell",
      });
      await daemon.serve(id, secrets);
      return client(paths, id);
    },
    async [Symbol.asyncDispose]() {
      await daemon.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function client(paths: Paths, id: string): SandboxClient {
  const { sockets, log } = sandboxFiles(paths, id);
  const connect = (socket: string) => Deno.connect({ transport: "unix", path: `${sockets}/${socket}.sock` });
  return {
    id,
    connect,
    async send(socket, text, until) {
      const connection = await connect(socket);
      try {
        const bytes = new TextEncoder().encode(text);
        for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
        return await readUntil(connection, until);
      } finally {
        connection.close();
      }
    },
    log: async () => (await readLog(log)).entries,
  };
}

/** What comes until the end of the connection, or until it matches. */
export async function readUntil(connection: Deno.Conn, until?: RegExp): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(64 * 1024);
  let text = "";
  while (!until?.test(text)) {
    const count = await connection.read(buffer).catch(() => null);
    if (count === null) break;
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  return text;
}

/** A TCP server on loopback that hands each connection to `serve`. */
export function tcpServer(
  serve: (connection: Deno.TcpConn) => Promise<void>,
): { port: number; close(): void } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  (async () => {
    for await (const connection of listener) {
      open.add(connection);
      serve(connection).catch(() => {}).finally(() => open.delete(connection));
    }
  })().catch(() => {});
  return {
    port: listener.addr.port,
    close() {
      listener.close();
      for (const connection of open) {
        try {
          connection.close();
        } catch {
          // It is closed.
        }
      }
    },
  };
}

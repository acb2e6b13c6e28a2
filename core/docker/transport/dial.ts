/** Opens a connection to an Engine's address. */
import { interrupted } from "../../errors/skiff_error.ts";
import type { DockerAddress, TcpAddress, TlsMaterial } from "../address.ts";
import { type Connection, SocketConnection } from "./connection.ts";

/**
 * Ways that few take are loaded when they are taken: Node's sockets cost every start. Throws what the system
 * says (Deno.errors.NotFound, PermissionDenied, ConnectionRefused, …).
 */
export async function dial(address: DockerAddress, signal?: AbortSignal): Promise<Connection> {
  if (signal?.aborted) throw interrupted(signal.reason);
  switch (address.kind) {
    case "unix":
      return new SocketConnection(await Deno.connect({ transport: "unix", path: address.path }));
    case "tcp":
      return await unlessAborted(address.tls ? secured(address, address.tls) : dialTcp(address), signal);
    case "ssh":
      return (await import("./ssh.ts")).dialSsh(address);
    case "npipe":
      return await unlessAborted(
        import("./named_pipe.ts").then(({ dialNamedPipe }) => dialNamedPipe(address.path)),
        signal,
      );
  }
}

async function secured(address: TcpAddress, tls: TlsMaterial): Promise<Connection> {
  return await (await import("./tls.ts")).dialTls(address, tls);
}

async function dialTcp({ hostname, port }: { hostname: string; port: number }): Promise<Connection> {
  const socket = await Deno.connect({ hostname, port });
  socket.setNoDelay(true);
  return new SocketConnection(socket);
}

/** A connection that is made after the caller has given up is closed again. */
function unlessAborted(connecting: Promise<Connection>, signal?: AbortSignal): Promise<Connection> {
  if (!signal) return connecting;
  const { promise, resolve, reject } = Promise.withResolvers<Connection>();
  const stop = () => reject(interrupted(signal.reason));
  signal.addEventListener("abort", stop, { once: true });
  connecting.then((connection) => {
    if (signal.aborted) connection.close();
    else resolve(connection);
  }, reject);
  return promise.finally(() => signal.removeEventListener("abort", stop));
}

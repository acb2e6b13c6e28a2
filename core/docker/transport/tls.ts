/** TLS with a client's certificate, as dockerd's `--tlsverify` wants it. */
import { connect as connectNodeTls } from "node:tls";
import type { TlsMaterial } from "../address.ts";
import { type Connection, SocketConnection } from "./connection.ts";
import { NodeSocketConnection } from "./node_socket.ts";

interface Target {
  hostname: string;
  port: number;
}

export async function dialTls(target: Target, tls: TlsMaterial): Promise<Connection> {
  if (!tls.verify) return await dialUnverified(target, tls);
  const socket = await Deno.connectTls({
    hostname: target.hostname,
    port: target.port,
    caCerts: tls.ca === undefined ? undefined : [tls.ca],
    ...(tls.cert !== undefined && tls.key !== undefined ? { cert: tls.cert, key: tls.key } : {}),
  });
  try {
    await socket.handshake();
  } catch (error) {
    socket.close();
    throw error;
  }
  return new SocketConnection(socket);
}

/** Deno's own TLS always checks the certificate; Docker's `--tls` without verification does not. */
function dialUnverified({ hostname, port }: Target, { cert, key }: TlsMaterial): Promise<Connection> {
  const options = {
    host: hostname,
    port,
    cert,
    key,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    allowHalfOpen: true, // Node passes it on to the socket, though its types leave it out
  };
  return NodeSocketConnection.open("secureConnect", () => connectNodeTls(options));
}

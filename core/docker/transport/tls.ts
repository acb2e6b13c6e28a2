/** TLS with a client's certificate, as dockerd's `--tlsverify` wants it. */
import { connect as connectNodeTls } from "node:tls";
import type { TlsMaterial } from "../address.ts";
import { type Connection, SocketConnection } from "./connection.ts";
import { NodeSocketConnection } from "./node_socket.ts";

interface Target {
  hostname: string;
  port: number;
}

/** Throws what Deno says: refused, a certificate that is not trusted, a client that is not. */
export async function dialTls(target: Target, tls: TlsMaterial): Promise<Connection> {
  if (tls.verify) return await dialDeno(target, tls);
  try {
    return await dialDeno(target, tls);
  } catch (error) {
    if (!/certificate|UnknownIssuer/i.test(error instanceof Error ? error.message : "")) throw error;
    return await dialUnchecked(target, tls);
  }
}

async function dialDeno(target: Target, { ca, cert, key, verify }: TlsMaterial): Promise<Connection> {
  const socket = await Deno.connectTls({
    hostname: target.hostname,
    port: target.port,
    caCerts: ca === undefined ? undefined : [ca],
    unsafelyDisableHostnameVerification: !verify,
    ...(cert !== undefined && key !== undefined ? { cert, key } : {}),
  });
  try {
    await socket.handshake();
  } catch (error) {
    socket.close();
    throw error;
  }
  return new SocketConnection(socket);
}

/**
 * Docker's TLS without verification takes any certificate, which Deno's own TLS never does. Node's does; but
 * Deno's version of it may lose a half-close while output is flowing, so it is the last resort.
 */
function dialUnchecked({ hostname, port }: Target, { cert, key }: TlsMaterial): Promise<Connection> {
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

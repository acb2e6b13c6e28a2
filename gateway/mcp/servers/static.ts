/** Servers that run already and listen at `mcp-<name>:4444`, as Compose files start them (`--static`). */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { connectClient } from "./connect_client.ts";
import { LineTransport } from "./line_transport.ts";
import type { OpenServerOptions, ServerConnection } from "./server.ts";
import type { StaticSpec } from "./server_spec.ts";

export async function openStatic(spec: StaticSpec, options: OpenServerOptions): Promise<ServerConnection> {
  const { hostname, port } = spec;
  let connection: Deno.TcpConn;
  try {
    connection = await Deno.connect({ hostname, port, signal: options.signal });
  } catch (cause) {
    if (options.signal.aborted) throw options.signal.reason;
    throw new SkiffError("network", `nobody listens at ${hostname}:${port}: ${(cause as Error).message}`, {
      cause,
    });
  }
  connection.setNoDelay(true);
  const transport = new LineTransport({
    readable: connection.readable,
    writable: connection.writable,
    close() {
      try {
        connection.close();
      } catch { /* its streams have closed it */ }
    },
    log: options.log,
  });
  const client = await connectClient(transport, options);
  const closed = Promise.withResolvers<string>();
  client.onclose = () => closed.resolve("its connection closed");
  return {
    server: spec.server,
    kind: "container",
    client,
    closed: closed.promise,
    close: () => client.close(),
  };
}

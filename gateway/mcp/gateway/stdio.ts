/** The gateway as a stdio server: one client, whose end is the gateway's. */
import { LineTransport } from "../servers/line_transport.ts";
import type { ByteWriter } from "../servers/line_writer.ts";
import type { Gateway } from "./gateway.ts";

export interface StdioStreams {
  readable: AsyncIterable<Uint8Array>;
  writable: WritableStream<Uint8Array> | ByteWriter;
}

/** Serves until the client closes its side or the signal aborts. */
export async function serveStdio(
  gateway: Gateway,
  streams: StdioStreams,
  signal: AbortSignal,
): Promise<void> {
  const ended = Promise.withResolvers<void>();
  const transport = new LineTransport({
    ...streams,
    close: ended.resolve,
    log: (line) => gateway.serverLog("client", line),
  });
  signal.addEventListener("abort", () => ended.resolve(), { once: true });
  await gateway.openSession(transport);
  await ended.promise;
}

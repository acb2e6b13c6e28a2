/** The gateway as a stdio server: one client, whose end is the gateway's. */
import { outputClosed } from "../../../core/process/output_closed.ts";
import { LineTransport } from "../servers/line_transport.ts";
import type { ByteWriter } from "../servers/line_writer.ts";
import type { Gateway } from "./gateway.ts";

/** For answers to a client that asks nothing more. */
export const longestAnswerMs = 60_000;

export interface StdioStreams {
  readable: AsyncIterable<Uint8Array>;
  writable: WritableStream<Uint8Array> | ByteWriter;
}

/**
 * Serves until the client closes its side and has the answers to what it has asked, until it is gone, or the
 * signal aborts.
 */
export async function serveStdio(
  gateway: Gateway,
  streams: StdioStreams,
  signal: AbortSignal,
): Promise<void> {
  const ended = Promise.withResolvers<void>();
  const transport = new LineTransport({
    ...streams,
    close: ended.resolve,
    gone: (signal) => outputClosed(longestAnswerMs, signal),
    log: (line) => gateway.serverLog("client", line),
  });
  signal.addEventListener("abort", () => ended.resolve(), { once: true });
  await gateway.openSession(transport);
  await ended.promise;
}

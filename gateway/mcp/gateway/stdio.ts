/** A server over standard input and output: one client, whose end is the server's. */
import { outputClosed } from "../../../core/process/output_closed.ts";
import type { Transport } from "../sdk.ts";
import { standardInput } from "../servers/byte_pieces.ts";
import { LineTransport } from "../servers/line_transport.ts";
import { standardOutput } from "../servers/line_writer.ts";

/** For answers to a client that asks nothing more. */
const longestAnswerMs = 60_000;

export interface StdioOptions {
  signal: AbortSignal;
  /** Faults of the client, a line each. */
  log(line: string): void;
}

/**
 * Serves until the client closes its side and has the answers to what it has asked, until it is gone, or the
 * signal aborts. `connect` connects the server to its client.
 */
export async function serveStdio(
  connect: (transport: Transport) => Promise<unknown>,
  { signal, log }: StdioOptions,
): Promise<void> {
  const ended = Promise.withResolvers<void>();
  const transport = new LineTransport({
    readable: standardInput(),
    writable: standardOutput,
    close: ended.resolve,
    gone: (signal) => outputClosed(longestAnswerMs, signal),
    log,
  });
  signal.addEventListener("abort", () => ended.resolve(), { once: true });
  await connect(transport);
  await ended.promise;
}

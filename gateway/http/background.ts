/** The server as a background process: it reports its start to the process that started it, then is on its own. */
import { toErrorRecord } from "../../core/errors/skiff_error.ts";
import type { StartReport } from "../endpoint.ts";
import { type ServerOptions, startServer } from "./server.ts";

/** Ends when nothing was asked and nothing is loaded for so long. */
const idleExitMs = 30 * 60 * 1000;

/**
 * Starts the server, writes one `StartReport` line to stdout, closes stdout and serves until the end.
 * Gives the exit code: 0, or 1 when it could not start.
 */
export async function serveInBackground(options: ServerOptions): Promise<number> {
  try {
    const server = await startServer({ idleExitMs, signals: true, ...options });
    report({ ready: true, pid: Deno.pid, log: server.log, addresses: server.addresses });
    await server.closed;
    return 0;
  } catch (error) {
    report({ ready: false, error: toErrorRecord(error) });
    return 1;
  }
}

/** The starter may be gone already; that is no reason not to serve. */
function report(report: StartReport): void {
  try {
    Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(report)}\n`));
    Deno.stdout.close();
  } catch {
    // Nobody reads it.
  }
}

/** `skiff sandbox-proxy` (hidden): the proxy as a process. */
import { dirname } from "node:path";
import { SkiffError } from "../../../errors/skiff_error.ts";
import type { Paths } from "../../../paths/paths.ts";
import { proxyFiles } from "../sandbox_files.ts";
import type { ProxyReport } from "./client.ts";
import { startProxyDaemon } from "./daemon.ts";

const longestLog = 1024 * 1024;

/** Serves until no sandbox needs it, SIGTERM or SIGINT; one `ProxyReport` line on stdout. Gives the exit code. */
export async function runSandboxProxy(paths: Paths): Promise<number> {
  const onLog = proxyLog(proxyFiles(paths).log);
  // One sandbox's broken connection must not end the others'.
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    onLog(`${new Date().toISOString()} fault: ${event.reason?.stack ?? event.reason}`);
  });
  try {
    const daemon = await startProxyDaemon({ paths, onLog });
    for (const signal of ["SIGTERM", "SIGINT"] as const) Deno.addSignalListener(signal, () => daemon.close());
    report({ ready: true, pid: Deno.pid });
    await daemon.closed;
    return 0;
  } catch (error) {
    const running = error instanceof SkiffError && error.details?.running === true;
    report({ ready: false, message: error instanceof Error ? error.message : String(error), running });
    return 1;
  }
}

/** The starter may be gone already; that is no reason not to serve. */
function report(report: ProxyReport): void {
  try {
    Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(report)}\n`));
    Deno.stdout.close();
  } catch {
    // Nobody reads it.
  }
}

function proxyLog(path: string): (line: string) => void {
  return (line) => {
    try {
      Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const size = (() => {
        try {
          return Deno.statSync(path).size;
        } catch {
          return 0;
        }
      })();
      if (size > longestLog) Deno.renameSync(path, `${path}.1`);
      Deno.writeTextFileSync(path, `${line}\n`, { append: true, mode: 0o600 });
    } catch {
      // A full disk stops nothing.
    }
  };
}

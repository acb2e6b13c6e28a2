/**
 * `skiff code-mode-sandbox` (hidden): the process in which scripts run, one at a time, each in a new worker. A
 * process, since a worker that fills its heap ends all of the process that it is in. It gives up its permissions
 * at the start, and ends with its stdin.
 */
import type { FromSandbox } from "./sandbox_protocol.ts";
import { type FromWorker, sharedParts, startWorker, workerState } from "./sandbox_worker.ts";

/** Milliseconds between looks at what a running script takes. */
const lookEveryMs = 10;

const gateway = Deno.ppid;

/** Runs one script after the other, nothing of one left for the next. `read`: see `ToWorker`. */
function serve(read: Uint8Array): void {
  const parts = sharedParts();
  const worker = startWorker({ read, shared: parts.shared });
  worker.onerror = () => Deno.exit(1);
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if (data.type === "waits") return watch(parts);
    worker.terminate();
    serve(data.read);
  };
}

/**
 * Stands until the worker's script has ended. Ends the process when it takes more than it may, when the gateway has
 * gone that waits for it, or when the worker is of no further use.
 */
function watch({ state, limits }: ReturnType<typeof sharedParts>): void {
  const before = Deno.memoryUsage().rss;
  Atomics.wait(state, 0, workerState.waits);
  const until = performance.now() + limits[1];
  while (Atomics.wait(state, 0, workerState.runs, lookEveryMs) === "timed-out") {
    if (Deno.ppid !== gateway || performance.now() > until) Deno.exit(1);
    if (Deno.memoryUsage().rss - before <= limits[0]) continue;
    say({ type: "memory" });
    Deno.exit(1);
  }
  if (Atomics.load(state, 0) === workerState.broken) Deno.exit(1);
}

function say(message: FromSandbox): void {
  const bytes = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

/** Serves until stdin ends, with which the process ends. */
export function runCodeModeSandbox(): Promise<never> {
  for (const name of ["run", "read", "write", "net", "env", "sys", "ffi", "import"] as const) {
    Deno.permissions.revokeSync({ name } as Deno.PermissionDescriptor);
  }
  serve(new Uint8Array());
  return new Promise(() => {});
}

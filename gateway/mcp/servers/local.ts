/**
 * Servers that are commands of this machine, for development. They are not isolated: they can do what the user
 * can. Each has a process group of its own, so that ending it ends what it started.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { selfCommand } from "../../../core/process/self.ts";
import { connectClient } from "./connect_client.ts";
import { excerpt, LineTransport } from "./line_transport.ts";
import { logLines } from "./log_lines.ts";
import type { OpenServerOptions, ServerConnection } from "./server.ts";
import type { LocalSpec } from "./server_spec.ts";
import { waitAtMost } from "./wait_at_most.ts";

/** For a server to end by itself once its stdin has ended; then it is told, then it is killed. */
const graceMs = 2000;

/** `started` is given the id of the process, which leads a group, before anything is said to it. */
export async function openLocal(
  spec: LocalSpec,
  options: OpenServerOptions,
  started: (pid: number) => Promise<void> = () => Promise.resolve(),
): Promise<ServerConnection> {
  const { log } = options;
  const child = spawn(spec);
  await started(child.pid);
  const ended = child.status.then(({ code, signal }) =>
    signal ? `ended by ${signal}` : `ended with code ${code}`
  );
  const logged = logLines(child.stderr, (line) => log(excerpt(line, 2000)));
  const transport = new LineTransport({
    readable: child.stdout,
    writable: child.stdin,
    close: () => endGroup(child),
    log,
  });
  const closed = Promise.withResolvers<string>();
  try {
    const client = await connectClient(transport, options);
    client.onclose = () => void ended.then(closed.resolve);
    if (!client.transport) ended.then(closed.resolve);
    return {
      server: spec.server,
      kind: "local",
      client,
      closed: closed.promise,
      async close() {
        await client.close();
        await endGroup(child);
        await waitAtMost(graceMs, logged); // all that it has written is told before its end is
      },
    };
  } catch (error) {
    await endGroup(child);
    await waitAtMost(graceMs, logged); // it says why
    throw error;
  }
}

function spawn({ command, env, cwd }: LocalSpec): Deno.ChildProcess {
  // Servers that are part of skiff: it need not be installed under its name.
  const { program, args } = command[0] === "skiff"
    ? selfCommand(command.slice(1))
    : { program: command[0], args: command.slice(1) };
  try {
    return new Deno.Command(program, {
      args,
      env,
      cwd,
      clearEnv: true,
      detached: Deno.build.os !== "windows",
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (cause) {
    throw new SkiffError("not_found", `its command ${program} cannot be run: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** Its stdin has ended; what is still there after the grace goes. */
async function endGroup(child: Deno.ChildProcess): Promise<void> {
  let running = true;
  child.status.then(() => running = false);
  for (const signal of [undefined, "SIGTERM", "SIGKILL"] as const) {
    if (signal) kill(child.pid, signal);
    await waitAtMost(graceMs, child.status);
    if (!running) break;
  }
  kill(child.pid, "SIGKILL"); // what it started and left
}

function kill(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(Deno.build.os === "windows" ? pid : -pid, signal);
  } catch { /* all of it has ended */ }
}
